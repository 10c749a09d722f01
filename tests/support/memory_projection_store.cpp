#include "support/memory_projection_store.h"

#include <algorithm>
#include <utility>

#include "faregate/core/assert.h"

namespace faregate::support {

using namespace engine;

Status MemoryProjectionStore::connect() const {
    if (away_) return failure(ErrorCode::unavailable, "the database is away");
    return {};
}

Result<MemoryDatabase::Owner*> MemoryProjectionStore::owned() {
    FG_ASSERT(claim_.has_value(), "the database was not claimed");
    auto& owner = database_.owner;
    const bool mine = owner && owner->journal == claim_->journal && owner->epoch == claim_->epoch;
    if (!mine) return failure(ErrorCode::fenced, "another server has taken over");
    return &*owner;
}

Result<std::optional<Claim>> MemoryProjectionStore::current() {
    FG_TRY(connect());
    if (!database_.owner) return std::optional<Claim>{};
    const MemoryDatabase::Owner& owner = *database_.owner;
    return std::optional(Claim{owner.journal, owner.epoch, owner.applied_lsn, owner.applied_hash});
}

Result<Claim> MemoryProjectionStore::claim(const JournalId& journal, Epoch above, bool replace) {
    FG_TRY(connect());
    MemoryDatabase::Owner next;
    next.journal = journal;
    auto known = database_.retired;
    if (database_.owner) {
        if (database_.owner->journal != journal && !replace) {
            return failure(ErrorCode::already_exists, "the database belongs to another journal");
        }
        known.push_back(*database_.owner);
    }
    // The highest of all owners so far, so that neither epochs nor LSNs ever repeat.
    for (const MemoryDatabase::Owner& each : known) {
        next.epoch = std::max(next.epoch, each.epoch);
        next.applied_lsn = std::max(next.applied_lsn, each.applied_lsn);
        next.last_at = std::max(next.last_at, each.last_at);
    }
    next.epoch = Epoch{std::max(next.epoch, above).value + 1};
    if (database_.owner && database_.owner->journal == journal) {
        next.applied_hash = database_.owner->applied_hash;
    }
    if (database_.owner && database_.owner->journal != journal) database_.retired = known;
    database_.owner = next;
    claim_ = Claim{next.journal, next.epoch, next.applied_lsn, next.applied_hash};
    return *claim_;
}

Status MemoryProjectionStore::load(Duration kept, StateSink& sink) {
    FG_TRY(connect());
    return database_.load(kept, sink);
}

Result<Lsn> MemoryProjectionStore::applied_lsn() {
    ++applied_lsn_count_;
    FG_TRY(connect());
    FG_TRY_ASSIGN(const MemoryDatabase::Owner* owner, owned());
    return owner->applied_lsn;
}

Status MemoryProjectionStore::commit(const ProjectionBatch& batch) {
    ++commit_count_;
    FG_TRY(connect());
    if (batch.empty()) return {};
    FG_TRY_ASSIGN(MemoryDatabase::Owner * owner, owned());
    if (batch.first != owner->applied_lsn.next()) {
        return failure(ErrorCode::unavailable, "a batch is out of order");
    }
    if (std::exchange(refuse_commit_, false)) {
        return failure(ErrorCode::unavailable, "the commit was refused");
    }
    FG_TRY(database_.merge(batch));
    database_.owner->applied_lsn = batch.last;
    database_.owner->applied_hash = batch.last_hash;
    database_.owner->last_at = std::max(database_.owner->last_at, batch.last_at);
    if (std::exchange(lose_answer_, false)) {
        return failure(ErrorCode::unavailable, "the connection was lost during a commit");
    }
    return {};
}

}  // namespace faregate::support
