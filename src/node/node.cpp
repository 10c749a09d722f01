#include "faregate/node/node.h"

#include <spdlog/spdlog.h>

#include "faregate/core/assert.h"
#include "node/journal_log.h"
#include "node/ownership.h"

namespace faregate::node {

Node::Node(
    journal::Directory& directory, engine::ProjectionStore& store, const Clock& clock,
    NodeOptions options
)
    : directory_(directory), store_(store), clock_(clock), options_(std::move(options)) {
    options_.journal.on_durable = [this](Lsn lsn) { durable_.publish(lsn); };
}

Node::~Node() = default;

Status Node::take_directory() {
    FG_TRY_ASSIGN(lock_, directory_.lock());
    return scan();
}

Status Node::scan() {
    FG_TRY_ASSIGN(recovery_, journal::scan(directory_));
    if (recovery_ && recovery_->torn_tail) {
        spdlog::info("the last write to the journal did not finish; nobody was told of it");
    }
    return {};
}

Status Node::check() {
    FG_TRY_ASSIGN(const auto stored, store_.current());
    return plan(stored).map([](const OwnershipPlan&) {});
}

Result<OwnershipPlan> Node::plan(const std::optional<engine::Claim>& stored) const {
    std::optional<FoundJournal> found;
    if (recovery_)
        found = FoundJournal{recovery_->journal, recovery_->first_lsn, recovery_->last_lsn};
    FG_TRY_ASSIGN(
        const auto plan, plan_ownership(found, stored, options_.new_journal, directory_.path())
    );
    if (recovery_ && stored) FG_TRY(check_fits(*stored));
    return plan;
}

Status Node::claim() {
    FG_TRY_ASSIGN(const auto stored, store_.current());
    // Before anything is claimed: a journal that cannot be served must not fence a server that can.
    FG_TRY_ASSIGN(const auto plan, this->plan(stored));
    if (stored) predecessor_may_live_ = predecessor_may_live_ || may_live(*stored);
    const JournalId id = recovery_ ? recovery_->journal : options_.make_journal_id();
    const Epoch above = recovery_ ? recovery_->epoch : Epoch{};
    // A new store's journal comes first: an empty one whose store was not claimed yet is no loss.
    // One that replaces another comes after the claim, up to which a predecessor may commit more.
    if (plan.create_from && !plan.replace) FG_TRY(make_journal(id, *plan.create_from));
    FG_TRY_ASSIGN(claim_, store_.claim(id, above, plan.replace));
    if (plan.create_from && plan.replace) FG_TRY(make_journal(id, claim_.applied_lsn.next()));
    // Somebody else may have been quicker.
    FG_TRY(check_fits(claim_));
    const Epoch next{stored ? stored->epoch.value + 1 : 1};
    if (claim_.epoch != next) predecessor_may_live_ = true;
    return {};
}

/// Whether the journal found goes on where the store ends.
Status Node::check_fits(const engine::Claim& stored) const {
    if (recovery_->journal != stored.journal) return {};
    FG_TRY(journal::check_covers(directory_, *recovery_, stored.applied_lsn));
    return journal::check_history(directory_, *recovery_, stored.applied_lsn, stored.applied_hash);
}

/// The owner before wrote its epoch into its journal and signed the lock with it. If that journal
/// is this one, and the lock was signed right here, then it cannot live: the lock is free.
bool Node::may_live(const engine::Claim& predecessor) const {
    const bool here = lock_->ended_owner() == predecessor.epoch && recovery_ &&
                      recovery_->journal == predecessor.journal &&
                      recovery_->epoch == predecessor.epoch;
    return !here;
}

Status Node::make_journal(const JournalId& id, Lsn first) {
    const Status created = create_journal(id, first);
    if (created) return {};
    // Of the directory, so no reason to ask the store again.
    return failure(ErrorCode::io, created.error().message);
}

Status Node::create_journal(const JournalId& id, Lsn first) {
    journal::NewJournal fresh;
    fresh.id = id;
    fresh.first_lsn = first;
    FG_TRY(journal::Journal::create(directory_, std::move(lock_), fresh, options_.journal));
    spdlog::info("created journal {} in {}", fresh.id.text(), directory_.path());
    FG_TRY_ASSIGN(lock_, directory_.lock());
    FG_TRY(scan());
    FG_ASSERT(recovery_.has_value(), "a journal that was created is found");
    return {};
}

Status Node::open_journal() {
    // Before the first frame with this epoch: one without the other proves nothing.
    lock_->sign(claim_.epoch);
    FG_TRY_ASSIGN(
        journal_, journal::Journal::open(
                      directory_, std::move(lock_), *recovery_, {claim_.epoch, claim_.applied_lsn},
                      options_.journal
                  )
    );
    durable_.publish(journal_->durable_lsn());
    applied_.publish(claim_.applied_lsn);
    log_ = std::make_unique<JournalLog>(*journal_, applied_, options_.backlog_max);
    return {};
}

Status Node::load() {
    engine::EngineOptions options = options_.engine;
    options.epoch = claim_.epoch;
    // Anew for every try, since a load that broke off has left a part.
    engine_ = std::make_unique<engine::Engine>(clock_, *log_, options);
    return store_.load(options.retention, engine_->loader());
}

Status Node::replay(const std::function<Status(Lsn)>& progress) {
    const auto first = claim_.applied_lsn.next();
    const auto last = recovery_->last_lsn;
    if (last < first) return engine_->finish_recovery();
    FG_TRY_ASSIGN(const auto reader, open_reader(first));
    while (true) {
        FG_TRY_ASSIGN(const auto record, reader->next(last));
        if (!record) break;
        FG_TRY(engine_->replay(record->lsn, record->bytes));
        if (progress) FG_TRY(progress(record->lsn));
    }
    return engine_->finish_recovery();
}

void Node::stop() {
    if (journal_) journal_->stop();
}

Result<std::unique_ptr<journal::JournalReader>> Node::open_reader(Lsn first) const {
    return journal::JournalReader::open(directory_, first);
}

engine::Engine& Node::engine() {
    FG_ASSERT(engine_ != nullptr, "the engine exists once the store was loaded");
    return *engine_;
}

journal::Journal& Node::journal() {
    FG_ASSERT(journal_ != nullptr, "the journal was opened");
    return *journal_;
}

std::uint64_t Node::backlog() const noexcept { return log_->backlog(); }

bool Node::backlog_full() const noexcept { return log_->backlog_full(); }

}  // namespace faregate::node
