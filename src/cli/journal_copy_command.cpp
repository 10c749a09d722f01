#include "cli/journal_copy_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/data_dir.h"
#include "cli/exit_code.h"
#include "cli/setting_options.h"
#include "cli/validators.h"
#include "faregate/journal/copy.h"
#include "faregate/journal/posix_disk.h"

namespace faregate::cli {
namespace {

struct CopyCommandOptions {
    explicit CopyCommandOptions(CLI::App& command) : settings(command) { settings.add_data_dir(); }

    SettingOptions settings;
    std::string to;
    std::uint64_t from = 0;
    std::uint64_t up_to = std::numeric_limits<std::uint64_t>::max();
    bool json = false;
};

void print_json(const journal::CopyReport& report) {
    const nlohmann::ordered_json json = {
        {"journal", report.journal.text()},
        {"first_lsn", report.first_lsn.value},
        {"last_lsn", report.last_lsn.value},
        {"epoch", report.epoch.value},
        {"hash", report.hash},
        {"files", report.files},
        {"records_added", report.records_added}};
    fmt::print("{}\n", json.dump());
}

void print_text(const journal::CopyReport& report, const std::string& to) {
    fmt::print(
        "{} has LSN {} to {} of journal {} in {} file(s); {} record(s) are new\n", to,
        report.first_lsn.value, report.last_lsn.value, report.journal.text(), report.files,
        report.records_added
    );
}

/// A line that is redrawn, for people who wait.
void show_progress(const journal::CopyReport& report) {
    fmt::print(
        stderr, "\rcopied up to LSN {}, {} file(s)\x1b[K", report.last_lsn.value,
        report.files_written
    );
    std::fflush(stderr);
}

Result<int> copy(CopyCommandOptions& options) {
    FG_TRY(options.settings.resolve());
    const auto from = journal_path(options.settings.settings());
    FG_TRY_ASSIGN(const auto source, journal::PosixDirectory::open_existing(from));
    std::error_code error;
    if (std::filesystem::equivalent(from, options.to, error)) {
        return failure(
            ErrorCode::invalid_argument, "--to must name another directory than the journal's own"
        );
    }
    FG_TRY_ASSIGN(const auto target, journal::PosixDirectory::open(options.to));
    journal::CopyOptions copy_options;
    copy_options.from = Lsn{options.from};
    copy_options.up_to = Lsn{options.up_to};
    const bool terminal = ::isatty(STDERR_FILENO) != 0;
    if (terminal) copy_options.on_file = show_progress;
    const auto report = journal::copy(*source, *target, copy_options);
    if (terminal) fmt::print(stderr, "\n");
    if (!report) return tl::unexpected<Error>(report.error());
    if (options.json) {
        print_json(*report);
    } else {
        print_text(*report, options.to);
    }
    return exit_ok;
}

}  // namespace

void add_journal_copy_command(CLI::App& journal, Action& action) {
    auto* command = journal.add_subcommand(
        "copy",
        "Copy the journal to another directory, also while a server runs: every record that was "
        "acknowledged before, through checksums and chain. Repeated, it adds what is new. A copy "
        "by other means than this may be one that recovery refuses"
    );
    auto options = std::make_shared<CopyCommandOptions>(*command);
    const auto any_lsn = whole_number(0, std::numeric_limits<std::uint64_t>::max());
    command->add_option("--to", options->to, "The directory of the copy; made if it is missing")
        ->required()
        ->type_name("DIR");
    command
        ->add_option(
            "--from", options->from,
            "Begin a new copy with the file that has this LSN; the default is the oldest file"
        )
        ->check(any_lsn)
        ->type_name("LSN");
    command
        ->add_option(
            "--up-to", options->up_to,
            "Copy nothing after the last frame that ends at or below this LSN"
        )
        ->check(any_lsn)
        ->type_name("LSN");
    command->add_flag("--json", options->json, "Print JSON, for machines");
    command->callback([&action, options] { action = [options] { return copy(*options); }; });
}

}  // namespace faregate::cli
