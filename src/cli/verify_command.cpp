#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "cli/command.h"
#include "cli/exit_code.h"
#include "cli/setting_options.h"
#include "cli/table.h"
#include "cli/validators.h"
#include "cli/verify_journal.h"
#include "faregate/postgres/queries.h"

namespace faregate::cli {
namespace {

struct VerifyOptions {
    explicit VerifyOptions(CLI::App& command) : settings(command) {
        settings.add_database();
        settings.add_data_dir();
    }

    SettingOptions settings;
    bool json = false;
    bool journal = false;
    std::uint32_t limit = 100;
};

struct Verdict {
    postgres::Audit audit;
    std::vector<postgres::Discrepancy> discrepancies;
    std::optional<JournalVerdict> journal;

    bool ok() const noexcept {
        return audit.ok && discrepancies.empty() && (!journal || journal->report.found_count == 0);
    }
};

void print_json(const Verdict& verdict) {
    using nlohmann::ordered_json;
    ordered_json assets = ordered_json::array();
    for (const auto& asset : verdict.audit.assets) {
        assets.push_back(
            {{"asset", asset.asset},
             {"ok", asset.ok},
             {"issued", asset.issued},
             {"posted", asset.posted},
             {"held", asset.held},
             {"debt", asset.debt},
             {"revenue", asset.revenue},
             {"breakage", asset.breakage},
             {"held_by_authorizations", asset.held_by_authorizations}}
        );
    }
    ordered_json discrepancies = ordered_json::array();
    for (const auto& found : verdict.discrepancies) {
        discrepancies.push_back({{"table", found.table}, {"key", found.key}, {"what", found.what}});
    }
    ordered_json json = {
        {"ok", verdict.ok()},
        {"applied_lsn", verdict.audit.applied_lsn.value},
        {"assets", std::move(assets)},
        {"discrepancies", std::move(discrepancies)}};
    if (verdict.journal) {
        json["journal"] = {
            {"first_lsn", verdict.journal->first_lsn.value},
            {"last_lsn", verdict.journal->last_lsn.value},
            {"records", verdict.journal->report.record_count},
            {"entries", verdict.journal->report.entry_count},
            {"discrepancies", verdict.journal->report.found_count}};
    }
    fmt::print("{}\n", json.dump());
}

void print_text(const Verdict& verdict) {
    std::vector<std::vector<std::string>> rows = {
        {"ASSET", "ISSUED", "POSTED", "HELD", "REVENUE", "BREAKAGE", "CONSERVED"}};
    for (const auto& asset : verdict.audit.assets) {
        rows.push_back(
            {asset.asset, asset.issued, asset.posted, asset.held, asset.revenue, asset.breakage,
             asset.ok ? "yes" : "NO"}
        );
    }
    if (rows.size() > 1) fmt::print("{}", format_table(rows));
    for (const auto& found : verdict.discrepancies) {
        fmt::print("discrepancy: {} {}: {}\n", found.table, found.key, found.what);
    }
    if (verdict.journal) {
        fmt::print(
            "the journal from LSN {} to {}: {} records with {} entries compared, {} "
            "discrepancies\n",
            verdict.journal->first_lsn.value, verdict.journal->last_lsn.value,
            verdict.journal->report.record_count, verdict.journal->report.entry_count,
            verdict.journal->report.found_count
        );
    }
    fmt::print(
        "{}: the database at LSN {}\n", verdict.ok() ? "ok" : "NOT OK",
        verdict.audit.applied_lsn.value
    );
}

Result<int> verify(VerifyOptions& options) {
    FG_TRY(options.settings.resolve());
    FG_TRY(options.settings.require_database());
    postgres::Queries queries(options.settings.settings().database_url, 1);
    Verdict verdict;
    FG_TRY_ASSIGN(verdict.discrepancies, queries.verify(options.limit));
    FG_TRY_ASSIGN(verdict.audit, queries.audit());
    if (options.journal) {
        FG_TRY_ASSIGN(verdict.journal, verify_journal(options.settings.settings(), options.limit));
        for (const auto& found : verdict.journal->report.found) {
            verdict.discrepancies.push_back(found);
        }
    }
    if (options.json) {
        print_json(verdict);
    } else {
        print_text(verdict);
    }
    return verdict.ok() ? exit_ok : exit_failure;
}

}  // namespace

void add_verify_command(CLI::App& program, Action& action) {
    auto* command = program.add_subcommand(
        "verify",
        "Recompute every balance, grant and hold from the ledger's entries and compare; exit code "
        "1 if anything differs"
    );
    auto options = std::make_shared<VerifyOptions>(*command);
    command->add_flag("--json", options->json, "Print JSON, for machines");
    command->add_flag(
        "--journal", options->journal,
        "Compare also with every record of the journal that is kept, which finds changes that "
        "agree "
        "among themselves"
    );
    command->add_option("--limit", options->limit, "Discrepancies to print at most")
        ->check(whole_number(1, 1'000'000))
        ->type_name("N")
        ->capture_default_str();
    command->callback([&action, options] { action = [options] { return verify(*options); }; });
}

}  // namespace faregate::cli
