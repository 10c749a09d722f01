#include <fmt/format.h>

#include <memory>

#include "cli/command.h"
#include "cli/exit_code.h"
#include "cli/setting_options.h"
#include "faregate/postgres/store.h"

namespace faregate::cli {
namespace {

Result<int> migrate(SettingOptions& options) {
    FG_TRY(options.resolve());
    FG_TRY(options.require_database());
    FG_TRY_ASSIGN(const auto applied, postgres::migrate(options.settings().database_url));
    for (const auto& name : applied) fmt::print("applied {}\n", name);
    if (applied.empty()) fmt::print("the database is up to date\n");
    return exit_ok;
}

}  // namespace

void add_migrate_command(CLI::App& program, Action& action) {
    auto* command = program.add_subcommand(
        "migrate", "Bring the database's tables up to date (serve does so too, when it starts)"
    );
    auto options = std::make_shared<SettingOptions>(*command);
    options->add_database();
    command->callback([&action, options] { action = [options] { return migrate(*options); }; });
}

}  // namespace faregate::cli
