#pragma once

#include <string>

#include "cli/exit_code.h"

namespace faregate::cli {

/// Ends the process at once: nothing that was not acknowledged yet ever will be. Destructors do not
/// run, since they would go on with the work that must stop. What to do belongs in the message.
[[noreturn]] void die(ExitCode code, const std::string& message);

}  // namespace faregate::cli
