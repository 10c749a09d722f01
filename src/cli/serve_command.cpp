#include <memory>

#include "cli/command.h"
#include "cli/logging.h"
#include "cli/serve/serve_process.h"
#include "cli/setting_options.h"

namespace faregate::cli {
namespace {

struct ServeOptions {
    explicit ServeOptions(CLI::App& command) : settings(command) { settings.add_server(); }

    SettingOptions settings;
    bool new_journal = false;
};

Result<int> serve(ServeOptions& options) {
    FG_TRY(options.settings.resolve());
    FG_TRY(options.settings.require_database());
    const auto& settings = options.settings.settings();
    setup_logging(settings.log_level, settings.log_format);
    return ServeProcess(settings, options.new_journal).run();
}

}  // namespace

void add_serve_command(CLI::App& program, Action& action) {
    auto* command = program.add_subcommand("serve", "Run the server until SIGTERM or SIGINT");
    auto options = std::make_shared<ServeOptions>(*command);
    command->add_flag(
        "--new-journal", options->new_journal,
        "Begin a new journal for a database whose journal is lost, and accept the loss of what "
        "only "
        "that one had"
    );
    command->callback([&action, options] { action = [options] { return serve(*options); }; });
}

}  // namespace faregate::cli
