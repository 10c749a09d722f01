#pragma once

#include <memory>
#include <string>

#include "cli/settings.h"
#include "faregate/core/result.h"
#include "faregate/journal/posix_disk.h"

namespace faregate::cli {

/// The journal's place in the data directory.
std::string journal_path(const Settings& settings);

/// Makes the data directory and the journal's within, if they are missing.
Result<std::unique_ptr<journal::PosixDirectory>> open_journal_directory(const Settings& settings);

}  // namespace faregate::cli
