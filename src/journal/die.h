#pragma once

#include "faregate/core/result.h"

namespace faregate::journal {

/// Ends the process because the journal cannot be written: what was not synced must not be
/// answered.
[[noreturn]] void die(const Error& error);

}  // namespace faregate::journal
