#pragma once

#include <CLI/CLI.hpp>
#include <functional>

#include "faregate/core/result.h"

namespace faregate::cli {

/// What the command line asked for; returns the process's exit code. Errors are printed by the
/// caller.
using Action = std::function<Result<int>()>;

// Each adds one command to the program; parsing it sets `action`.
void add_serve_command(CLI::App& program, Action& action);
void add_migrate_command(CLI::App& program, Action& action);
void add_keys_command(CLI::App& program, Action& action);
void add_journal_command(CLI::App& program, Action& action);
void add_verify_command(CLI::App& program, Action& action);
void add_replay_command(CLI::App& program, Action& action);

/// Runs the program: parses, acts, prints errors. Returns the exit code.
int run_program(int argc, char** argv);

}  // namespace faregate::cli
