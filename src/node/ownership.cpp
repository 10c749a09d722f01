#include "node/ownership.h"

#include <fmt/format.h>

namespace faregate::node {
namespace {

tl::unexpected<Error> refuse(std::string message) {
    return failure(ErrorCode::already_exists, std::move(message));
}

Result<OwnershipPlan> without_journal(
    const engine::Claim& database, bool new_journal, const std::string& path
) {
    if (new_journal) return OwnershipPlan{database.applied_lsn.next(), true};
    return refuse(fmt::format(
        "the database belongs to journal {}, which is not in {}. Point FAREGATE_DATA_DIR at the "
        "directory that has it. If that journal is gone for good, start once with --new-journal: "
        "the server then goes on from LSN {} of the database, and whatever only the lost journal "
        "had is lost",
        database.journal.text(), path, database.applied_lsn.value
    ));
}

Result<OwnershipPlan> without_database(const FoundJournal& journal, const std::string& path) {
    // Made by a start that was interrupted before it could claim the database.
    if (journal.empty()) return OwnershipPlan{};
    return refuse(fmt::format(
        "the journal {} in {} has records up to LSN {}, but the database is new. Point "
        "FAREGATE_DATABASE_URL at the database that belongs to it, or restore that database from "
        "a backup; for a new ledger, point FAREGATE_DATA_DIR at an empty directory",
        journal.id.text(), path, journal.last_lsn.value
    ));
}

Result<OwnershipPlan> with_another(
    const FoundJournal& journal, const engine::Claim& database, bool new_journal,
    const std::string& path
) {
    const bool made_for_this = journal.empty() && journal.first_lsn == database.applied_lsn.next();
    if (made_for_this && new_journal) return OwnershipPlan{std::nullopt, true};
    return refuse(fmt::format(
        "the journal {} in {} and the database, which belongs to journal {}, are not of the same "
        "ledger. Point FAREGATE_DATA_DIR or FAREGATE_DATABASE_URL at the one that fits. If the "
        "database's own journal is gone for good, move {} away and start once with --new-journal: "
        "whatever only the lost journal had is lost",
        journal.id.text(), path, database.journal.text(), path
    ));
}

}  // namespace

Result<OwnershipPlan> plan_ownership(
    const std::optional<FoundJournal>& journal, const std::optional<engine::Claim>& database,
    bool new_journal, const std::string& path
) {
    if (!journal && !database) return OwnershipPlan{Lsn{1}, false};
    if (!journal) return without_journal(*database, new_journal, path);
    if (!database) return without_database(*journal, path);
    if (journal->id == database->journal) return OwnershipPlan{};
    return with_another(*journal, *database, new_journal, path);
}

}  // namespace faregate::node
