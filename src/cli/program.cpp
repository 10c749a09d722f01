#include <fmt/format.h>

#include <cstdio>
#include <string>
#include <utility>

#include "cli/command.h"
#include "cli/exit_code.h"
#include "cli/hide_secrets.h"
#include "cli/logging.h"

namespace faregate::cli {

int run_program(int argc, char** argv) {
    // What a command prints on standard output is its result alone; serve sets up its own.
    setup_logging("warning", "text");
    CLI::App program(
        "Faregate: may this customer spend this? Atomic, durable authorization for API products.",
        "faregate"
    );
    program.set_version_flag("--version", "faregate " FAREGATE_VERSION);
    program.require_subcommand(1);
    program.get_formatter()->column_width(36);
    program.footer(
        "Every command explains itself: faregate serve --help. A setting's variable stands in "
        "parentheses; a flag wins over its variable, and that over the file named by --config."
    );
    Action action;
    add_serve_command(program, action);
    add_migrate_command(program, action);
    add_keys_command(program, action);
    add_journal_command(program, action);
    add_verify_command(program, action);
    add_replay_command(program, action);
    // The library would only say that a command is missing.
    const std::string first = argc > 1 ? argv[1] : "";
    const auto is_first = [&first](const CLI::App* command) {
        return command->get_name() == first;
    };
    const bool known = !std::as_const(program).get_subcommands(is_first).empty();
    if (!first.empty() && first[0] != '-' && !known) {
        fmt::print(stderr, "faregate: no command \"{}\"; faregate --help lists them\n", first);
        return exit_usage;
    }
    try {
        program.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return program.exit(error) == 0 ? exit_ok : exit_usage;
    }
    // Whatever was secret has been copied, and from here on the process may run for years.
    hide_secrets(argc, argv);
    const auto result = action();
    if (result) return *result;
    fmt::print(stderr, "faregate: {}\n", result.error().message);
    switch (result.error().code) {
        case ErrorCode::invalid_argument:
            return exit_usage;
        case ErrorCode::fenced:
            return exit_fenced;
        case ErrorCode::corruption:
            return exit_broken;
        default:
            return exit_failure;
    }
}

}  // namespace faregate::cli
