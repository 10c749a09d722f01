#include <fmt/format.h>

#include <limits>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/data_dir.h"
#include "cli/exit_code.h"
#include "cli/journal_copy_command.h"
#include "cli/record_json.h"
#include "cli/setting_options.h"
#include "cli/validators.h"
#include "faregate/journal/inspect.h"
#include "faregate/journal/posix_disk.h"

namespace faregate::cli {
namespace {

using nlohmann::ordered_json;

struct InspectOptions {
    explicit InspectOptions(CLI::App& command) : settings(command) { settings.add_data_dir(); }

    SettingOptions settings;
    std::uint64_t from = 1;
    std::uint64_t to = std::numeric_limits<std::uint64_t>::max();
    bool frames = false;
};

/// Prints what goes by, one JSON object a line.
class Printer final : public journal::InspectionVisitor {
  public:
    explicit Printer(const InspectOptions& options) : options_(options) {}

    bool damaged() const noexcept { return damaged_; }

    void on_file(const journal::InspectedFile& file) override {
        if (!options_.frames) return;
        ordered_json out = {{"file", file.name}, {"size", file.size}};
        if (file.version != 0) out["version"] = file.version;
        if (file.header_ok) {
            out["journal"] = file.journal.text();
            out["sequence"] = file.sequence;
            out["in_use"] = file.in_use;
            if (file.in_use) out["first_lsn"] = file.first_lsn.value;
        }
        print(out);
    }
    void on_frame(const journal::InspectedFrame& frame) override {
        const auto first = frame.first_lsn.value;
        const auto last = frame.count == 0 ? first : first + frame.count - 1;
        if (!options_.frames || last < options_.from || first > options_.to) return;
        ordered_json out = {
            {"frame", frame.first_lsn.value},
            {"count", frame.count},
            {"epoch", frame.epoch.value},
            {"durable_lsn", frame.durable_lsn.value},
            {"file", frame.file},
            {"offset", frame.offset},
            {"size", frame.size},
            {"version", frame.version}};
        if (frame.version > 1) out["zero_sectors"] = frame.zero_sectors;
        out["hash"] = frame.hash;
        print(out);
    }
    void on_record(const journal::InspectedRecord& record) override {
        const auto decoded = engine::decode_record(record.bytes);
        if (!decoded) {
            damaged_ = true;
            print({{"damage", {{"lsn", record.lsn.value}, {"problem", decoded.error().message}}}});
            return;
        }
        // Printing is skipped outside the range, but assets are remembered from before it.
        const auto out = printer_.print(record.lsn, record.epoch, *decoded);
        if (record.lsn.value >= options_.from && record.lsn.value <= options_.to) print(out);
    }
    void on_damage(const journal::Damage& damage) override {
        damaged_ = true;
        print(
            {{"damage",
              {{"file", damage.file},
               {"offset", damage.offset},
               {"size", damage.size},
               {"problem", damage.problem}}}}
        );
    }

  private:
    static void print(const ordered_json& line) {
        fmt::print("{}\n", line.dump(-1, ' ', false, ordered_json::error_handler_t::replace));
    }

    const InspectOptions& options_;
    RecordPrinter printer_;
    bool damaged_ = false;
};

Result<int> inspect(InspectOptions& options) {
    FG_TRY(options.settings.resolve());
    const auto path = journal_path(options.settings.settings());
    FG_TRY_ASSIGN(const auto directory, journal::PosixDirectory::open_existing(path));
    Printer printer(options);
    FG_TRY(journal::inspect(*directory, printer));
    return printer.damaged() ? exit_failure : exit_ok;
}

}  // namespace

void add_journal_command(CLI::App& program, Action& action) {
    auto* journal = program.add_subcommand("journal", "Look into the journal, and copy it");
    journal->require_subcommand(1);
    add_journal_copy_command(*journal, action);
    auto* command = journal->add_subcommand(
        "inspect",
        "Print the journal's records as JSON lines; works while a server runs, whose last write "
        "may then show as damage. Damage is a line with \"damage\", and exit code 1"
    );
    auto options = std::make_shared<InspectOptions>(*command);
    command->add_option("--from", options->from, "The first LSN to print")
        ->check(whole_number(0, std::numeric_limits<std::uint64_t>::max()))
        ->type_name("LSN");
    command->add_option("--to", options->to, "The last LSN to print")
        ->check(whole_number(0, std::numeric_limits<std::uint64_t>::max()))
        ->type_name("LSN");
    command->add_flag("--frames", options->frames, "Print files and frames, too");
    command->callback([&action, options] { action = [options] { return inspect(*options); }; });
}

}  // namespace faregate::cli
