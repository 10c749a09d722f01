#pragma once

#include "cli/command.h"

namespace faregate::cli {

/// Adds `copy` to the command `journal`.
void add_journal_copy_command(CLI::App& journal, Action& action);

}  // namespace faregate::cli
