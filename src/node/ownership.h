#pragma once

#include <optional>
#include <string>

#include "faregate/core/id.h"
#include "faregate/core/lsn.h"
#include "faregate/core/result.h"
#include "faregate/engine/projection.h"

namespace faregate::node {

/// What the data directory has.
struct FoundJournal {
    JournalId id;
    Lsn first_lsn;
    Lsn last_lsn;

    bool empty() const noexcept { return last_lsn < first_lsn; }
};

/// How a journal and a database come together.
struct OwnershipPlan {
    std::optional<Lsn> create_from;  ///< make a journal whose first record has this LSN
    bool replace = false;            ///< take the database over from another journal
};

/// Decides whether this journal and this database belong together. A journal may be created or
/// replaced only if nothing is lost by it, or if the operator accepts the loss with `new_journal`.
/// Errors say what to do. `path` is the journal's directory, for messages.
Result<OwnershipPlan> plan_ownership(
    const std::optional<FoundJournal>& journal, const std::optional<engine::Claim>& database,
    bool new_journal, const std::string& path
);

}  // namespace faregate::node
