#include "faregate/engine/engine.h"

#include <algorithm>
#include <bit>
#include <deque>
#include <map>
#include <utility>

#include "engine/recall.h"
#include "engine/stripe.h"
#include "faregate/core/assert.h"
#include "faregate/core/mutex.h"
#include "faregate/engine/record.h"

namespace faregate::engine {

using namespace ledger;

namespace {

/// Which wallet a command is about, as far as the command itself tells.
struct Target {
    WalletHash hash = 0;
    const WalletId* wallet = nullptr;
    AuthorizationId authorization;
    GrantId grant;
};

struct FindTarget {
    template <typename ByWallet>
    Target operator()(const ByWallet& command) const {
        return Target{command.wallet.hash(), &command.wallet, {}, {}};
    }
    Target operator()(const RevokeGrant& command) const {
        return Target{command.grant.uid.wallet_hash(), nullptr, {}, command.grant};
    }
    Target operator()(const Capture& command) const { return by(command.authorization); }
    Target operator()(const Void& command) const { return by(command.authorization); }
    Target operator()(const Increment& command) const { return by(command.authorization); }

  private:
    static Target by(AuthorizationId id) { return Target{id.uid.wallet_hash(), nullptr, id, {}}; }
};

/// Calls the rule for a command.
struct Decide {
    const Context& context;
    const Wallet* wallet;
    const Authorization* authorization;
    Decision& decision;

    template <typename OnWallet>
    void operator()(const OnWallet& command) const {
        decide(context, wallet, command, decision);
    }
    void operator()(const Capture& command) const {
        decide(context, wallet, authorization, command, decision);
    }
    void operator()(const Void& command) const {
        decide(context, wallet, authorization, command, decision);
    }
    void operator()(const Increment& command) const {
        decide(context, wallet, authorization, command, decision);
    }
};

bool is_dry_run(const Command& command) {
    const auto* authorize = std::get_if<Authorize>(&command);
    return authorize != nullptr && authorize->dry_run;
}

}  // namespace

class Engine::Impl final : public StateSink {
  public:
    Impl(const Clock& clock, MutationLog& log, EngineOptions options);

    Result<Execution> execute(const Command& command, const std::optional<IdempotencyKey>& key);
    Result<Execution> create_asset(
        const CreateAsset& command, const std::optional<IdempotencyKey>& key
    );
    Result<std::optional<View<Wallet>>> wallet(const WalletId& id);
    Result<std::optional<View<Authorization>>> authorization(AuthorizationId id);
    View<AssetCataloguePtr> assets() const;
    Result<std::uint64_t> sweep();
    Status replay(Lsn lsn, std::string_view bytes);
    Status finish_recovery();
    EngineStats stats() const;
    std::vector<AssetTotals> totals() const;
    Timestamp stamp();

    void add_asset(Asset asset) override;
    void add_wallet(Wallet wallet) override;
    void add_authorization(Authorization authorization) override;
    void add_idempotency(IdempotencyRow row) override;
    void set_last_at(Timestamp at) override { raise_last_at(at); }

  private:
    Stripe& stripe_of(WalletHash hash) { return stripes_[hash >> stripe_shift_]; }
    void raise_last_at(Timestamp at);
    // What follows an append must not fail half way: a request that was journaled and is not
    // remembered would be executed again. Without memory the process ends, and a start replays it.
    void publish_asset(Asset asset) noexcept FG_REQUIRES(catalogue_mutex_);

    Result<std::uint64_t> let_due_happen(Stripe& stripe, Timestamp now) FG_REQUIRES(stripe.mutex);
    Result<Execution> execute_locked(
        Stripe& stripe, const Target& target, const Command& command,
        const std::optional<IdempotencyKey>& key
    ) FG_REQUIRES(stripe.mutex);
    Result<Lsn> commit(Stripe& stripe, const IdempotencyKey* key) FG_REQUIRES(stripe.mutex);
    void remember(
        IdempotencyTable& table, const Wallet* scope, const IdempotencyKey& key,
        std::string receipt, Timestamp at, Lsn lsn
    ) noexcept;

    // Constant after construction.
    const Clock& clock_;
    MutationLog& log_;
    const EngineOptions options_;
    const int stripe_shift_;

    AnswerMemory answer_memory_;            // of all stripes
    std::atomic<std::int64_t> last_at_{0};  // rises only
    std::deque<Stripe> stripes_;            // each has its own lock

    // Locked before any stripe, never while one is held.
    mutable Mutex catalogue_mutex_;
    AssetCataloguePtr assets_ FG_GUARDED_BY(catalogue_mutex_);
    Lsn assets_lsn_ FG_GUARDED_BY(catalogue_mutex_);
    IdempotencyTable assets_idempotency_ FG_GUARDED_BY(catalogue_mutex_);
    std::string record_ FG_GUARDED_BY(catalogue_mutex_);

    std::optional<Error> load_error_;  // the first, until recovery is over
};

Engine::Impl::Impl(const Clock& clock, MutationLog& log, EngineOptions options)
    : clock_(clock),
      log_(log),
      options_(options),
      stripe_shift_(32 - std::countr_zero(options.stripe_count)),
      answer_memory_{options.answers_bytes_max},
      assets_(std::make_shared<AssetCatalogue>()),
      assets_idempotency_(options.retention, answer_memory_) {
    const bool usable = std::has_single_bit(options.stripe_count) && options.stripe_count >= 2 &&
                        options.stripe_count <= 65'536;
    FG_ASSERT(usable, "the number of stripes is a power of two from 2 to 65,536");
    for (std::uint32_t i = 0; i < options.stripe_count; ++i) {
        stripes_.emplace_back(options.retention, answer_memory_);
        StripeLock lock(stripes_.back());
        stripes_.back().assets = assets_;
    }
}

Timestamp Engine::Impl::stamp() {
    const std::int64_t wall = clock_.now().microseconds;
    std::int64_t last = last_at_.load(std::memory_order_relaxed);
    while (wall > last && !last_at_.compare_exchange_weak(last, wall)) {
    }
    return Timestamp{std::max(wall, last)};
}

void Engine::Impl::raise_last_at(Timestamp at) {
    last_at_ = std::max(last_at_.load(), at.microseconds);
}

Result<std::uint64_t> Engine::Impl::let_due_happen(Stripe& stripe, Timestamp now) {
    std::uint64_t count = 0;
    while (stripe.state.next_due(now, stripe.due)) {
        encode_record(stripe.due, nullptr, "", stripe.record);
        FG_TRY_ASSIGN(const Lsn lsn, log_.append(stripe.record));
        const Status applied = stripe.state.apply(stripe.due, lsn);
        FG_ASSERT(applied.has_value(), "a mutation of time fits the state that it was made from");
        ++count;
    }
    return count;
}

/// Writes the stripe's decision to the log and makes it true. The log comes first: when it refuses,
/// nothing has changed.
Result<Lsn> Engine::Impl::commit(Stripe& stripe, const IdempotencyKey* key) {
    std::string receipt;
    if (key != nullptr) receipt = encode_receipt(stripe.decision.receipt);
    encode_record(stripe.decision.mutation, key, receipt, stripe.record);
    FG_TRY_ASSIGN(const Lsn lsn, log_.append(stripe.record));
    const Status applied = stripe.state.apply(stripe.decision.mutation, lsn);
    FG_ASSERT(applied.has_value(), "a decision fits the state that it was made from");
    if (key != nullptr) {
        const Wallet* scope = stripe.state.find_wallet(stripe.decision.mutation.wallet);
        remember(
            stripe.state.idempotency, scope, *key, std::move(receipt), stripe.decision.mutation.at,
            lsn
        );
    }
    return lsn;
}

void Engine::Impl::remember(
    IdempotencyTable& table, const Wallet* scope, const IdempotencyKey& key, std::string receipt,
    Timestamp at, Lsn lsn
) noexcept {
    const WalletHash hash = scope == nullptr ? 0 : scope->id.hash();
    table.insert(scope, hash, key, lsn, at, std::move(receipt));
    table.drop_answers(log_.applied_lsn());
}

Result<Execution> Engine::Impl::execute(
    const Command& command, const std::optional<IdempotencyKey>& key
) {
    const Target target = std::visit(FindTarget{}, command);
    Stripe& stripe = stripe_of(target.hash);
    StripeLock lock(stripe);
    return execute_locked(stripe, target, command, key);
}

Result<Execution> Engine::Impl::execute_locked(
    Stripe& stripe, const Target& target, const Command& command,
    const std::optional<IdempotencyKey>& key
) {
    const Timestamp now = stamp();
    FG_TRY(let_due_happen(stripe, now).map([](std::uint64_t) {}));

    StripeState& state = stripe.state;
    const StripeState::Hold* hold =
        target.authorization.is_nil() ? nullptr : state.find_hold(target.authorization, now);
    const Wallet* wallet = target.wallet != nullptr ? state.find_wallet(*target.wallet)
                           : hold != nullptr        ? hold->wallet
                           : !target.grant.is_nil() ? state.find_wallet_of(target.grant)
                                                    : nullptr;
    if (key) {
        // What the request names may have left memory since it was answered.
        const bool lost = wallet == nullptr && target.wallet == nullptr;
        std::optional<IdempotencyTable::Found> found;
        if (lost) {
            found = state.idempotency.find_request(target.hash, *key, now);
        } else if (wallet != nullptr) {
            found = state.idempotency.find(wallet, target.hash, *key, now);
        }
        if (found) return recall(*found, stripe.assets);
    }
    const Context context{
        *stripe.assets, now, Uid::make(now, target.hash, options_.epoch, stripe.id_counter)};
    Decision& decision = stripe.decision;
    std::visit(
        Decide{context, wallet, hold == nullptr ? nullptr : &hold->authorization, decision}, command
    );

    Execution execution;
    execution.assets = stripe.assets;
    const bool kept_decline = key && wallet != nullptr && !is_dry_run(command);
    if (decision.has_mutation || kept_decline) {
        FG_TRY_ASSIGN(execution.lsn, commit(stripe, key ? &*key : nullptr));
        ++stripe.id_counter;
    } else {
        // What is not found may have been there until a mutation that is not durable yet.
        execution.lsn = wallet != nullptr ? wallet->lsn : state.last_lsn();
        // The answer may name an asset that is newer than anything in the wallet.
        const bool any = stripe.assets->size() > 0;
        if (any) execution.lsn = std::max(execution.lsn, stripe.assets->all().back().lsn);
    }
    execution.receipt = decision.receipt;
    return execution;
}

Result<Execution> Engine::Impl::create_asset(
    const CreateAsset& command, const std::optional<IdempotencyKey>& key
) {
    MutexLock lock(catalogue_mutex_);
    const Timestamp now = stamp();
    if (key) {
        const auto found = assets_idempotency_.find(nullptr, 0, *key, now);
        if (found) return recall(*found, assets_);
    }
    Execution execution;
    execution.receipt.at = now;
    execution.receipt.created_at = now;
    Mutation mutation;
    mutation.at = now;
    if (const Asset* existing = assets_->find(command.code)) {
        execution.receipt.outcome = Outcome::asset_exists;
        execution.lsn = existing->lsn;
        execution.assets = assets_;
        return execution;
    }
    Asset asset;
    asset.index.value = static_cast<std::uint32_t>(assets_->size());
    asset.code = command.code;
    asset.scale = command.scale;
    asset.name = command.name;
    asset.symbol = command.symbol;
    asset.created_at = now;
    mutation.change = AssetCreated{asset};
    std::string receipt;
    if (key) receipt = encode_receipt(execution.receipt);
    encode_record(mutation, key ? &*key : nullptr, receipt, record_);
    FG_TRY_ASSIGN(asset.lsn, log_.append(record_));
    execution.lsn = asset.lsn;
    if (key) remember(assets_idempotency_, nullptr, *key, std::move(receipt), now, asset.lsn);
    publish_asset(std::move(asset));
    execution.assets = assets_;
    return execution;
}

/// Whoever can use the asset does so after its record, so with a higher LSN.
void Engine::Impl::publish_asset(Asset asset) noexcept {
    assets_lsn_ = asset.lsn;
    auto grown = std::make_shared<AssetCatalogue>(*assets_);
    grown->add(std::move(asset));
    assets_ = std::move(grown);
    for (Stripe& stripe : stripes_) {
        StripeLock lock(stripe);
        stripe.assets = assets_;
    }
}

Result<std::optional<View<Wallet>>> Engine::Impl::wallet(const WalletId& id) {
    Stripe& stripe = stripe_of(id.hash());
    StripeLock lock(stripe);
    FG_TRY(let_due_happen(stripe, stamp()).map([](std::uint64_t) {}));
    const Wallet* wallet = stripe.state.find_wallet(id);
    if (wallet == nullptr) return std::optional<View<Wallet>>{};
    return std::optional(View<Wallet>{*wallet, wallet->lsn, stripe.assets});
}

Result<std::optional<View<Authorization>>> Engine::Impl::authorization(AuthorizationId id) {
    Stripe& stripe = stripe_of(id.uid.wallet_hash());
    StripeLock lock(stripe);
    const Timestamp now = stamp();
    FG_TRY(let_due_happen(stripe, now).map([](std::uint64_t) {}));
    const StripeState::Hold* hold = stripe.state.find_hold(id, now);
    if (hold == nullptr) return std::optional<View<Authorization>>{};
    return std::optional(View<Authorization>{hold->authorization, hold->wallet->lsn, stripe.assets}
    );
}

View<AssetCataloguePtr> Engine::Impl::assets() const {
    MutexLock lock(catalogue_mutex_);
    return {assets_, assets_lsn_, assets_};
}

Result<std::uint64_t> Engine::Impl::sweep() {
    const Timestamp now = stamp();
    std::uint64_t count = 0;
    for (Stripe& stripe : stripes_) {
        StripeLock lock(stripe);
        FG_TRY_ASSIGN(const std::uint64_t swept, let_due_happen(stripe, now));
        count += swept;
    }
    return count;
}

Status Engine::Impl::replay(Lsn lsn, std::string_view bytes) {
    if (load_error_) return tl::unexpected(*load_error_);
    FG_TRY_ASSIGN(Record record, decode_record(bytes));
    raise_last_at(record.mutation.at);
    if (auto* created = std::get_if<AssetCreated>(&record.mutation.change)) {
        MutexLock lock(catalogue_mutex_);
        if (created->asset.index.value != assets_->size() || assets_->find(created->asset.code)) {
            return failure(
                ErrorCode::corruption, "record " + std::to_string(lsn.value) +
                                           " does not fit the state: asset " + created->asset.code
            );
        }
        created->asset.lsn = lsn;
        if (record.key) {
            remember(
                assets_idempotency_, nullptr, *record.key, std::move(record.receipt_bytes),
                record.mutation.at, lsn
            );
        }
        publish_asset(std::move(created->asset));
        return {};
    }
    Stripe& stripe = stripe_of(record.mutation.wallet.hash());
    StripeLock lock(stripe);
    FG_TRY(stripe.state.apply(record.mutation, lsn));
    if (record.key) {
        const Wallet* scope = stripe.state.find_wallet(record.mutation.wallet);
        remember(
            stripe.state.idempotency, scope, *record.key, std::move(record.receipt_bytes),
            record.mutation.at, lsn
        );
    }
    return {};
}

/// A loaded state is served only if every account agrees with its grants and its holds.
Status Engine::Impl::finish_recovery() {
    if (load_error_) return tl::unexpected(*load_error_);
    const std::size_t asset_count = assets().value->size();
    for (const Stripe& stripe : stripes_) {
        StripeLock lock(stripe);
        FG_TRY(stripe.state.verify(asset_count));
    }
    return {};
}

void Engine::Impl::add_asset(Asset asset) {
    MutexLock lock(catalogue_mutex_);
    if (asset.index.value != assets_->size()) {
        if (!load_error_) {
            load_error_ = Error{ErrorCode::corruption, "assets are not numbered without gaps"};
        }
        return;
    }
    publish_asset(std::move(asset));
}

void Engine::Impl::add_wallet(Wallet wallet) {
    Stripe& stripe = stripe_of(wallet.id.hash());
    StripeLock lock(stripe);
    Status loaded = stripe.state.load_wallet(std::move(wallet));
    if (!loaded && !load_error_) load_error_ = loaded.error();
}

void Engine::Impl::add_authorization(Authorization authorization) {
    Stripe& stripe = stripe_of(authorization.id.uid.wallet_hash());
    StripeLock lock(stripe);
    Status loaded = stripe.state.load_authorization(std::move(authorization));
    if (!loaded && !load_error_) load_error_ = loaded.error();
}

void Engine::Impl::add_idempotency(IdempotencyRow row) {
    std::optional<std::string> answer;
    if (!row.receipt.empty()) answer = std::move(row.receipt);
    if (row.wallet.text().empty()) {
        MutexLock lock(catalogue_mutex_);
        assets_idempotency_.insert(nullptr, 0, row.key, row.lsn, row.at, std::move(answer));
        assets_idempotency_.drop_answers(row.lsn);
        return;
    }
    const WalletHash hash = row.wallet.hash();
    Stripe& stripe = stripe_of(hash);
    StripeLock lock(stripe);
    const Wallet* scope = stripe.state.find_wallet(row.wallet);
    if (scope == nullptr) return;
    stripe.state.idempotency.insert(scope, hash, row.key, row.lsn, row.at, std::move(answer));
    stripe.state.idempotency.drop_answers(row.lsn);
}

EngineStats Engine::Impl::stats() const {
    EngineStats stats;
    for (const Stripe& stripe : stripes_) {
        StripeLock lock(stripe);
        stats.wallets += stripe.state.wallet_count();
        stats.open_authorizations += stripe.state.open_count();
        stats.closed_authorizations += stripe.state.hold_count() - stripe.state.open_count();
        stats.idempotency_keys += stripe.state.idempotency.size();
        stats.stripe_acquisitions += stripe.acquisitions;
        stats.stripe_contentions += stripe.contentions;
    }
    return stats;
}

std::vector<AssetTotals> Engine::Impl::totals() const {
    std::vector<AssetTotals> totals;
    const AssetCataloguePtr assets = this->assets().value;
    for (const Asset& asset : assets->all()) {
        totals.emplace_back();
        totals.back().asset = asset.index;
    }
    for (const Stripe& stripe : stripes_) {
        StripeLock lock(stripe);
        stripe.state.add_totals(totals);
    }
    return totals;
}

Engine::Engine(const Clock& clock, MutationLog& log, EngineOptions options)
    : impl_(std::make_unique<Impl>(clock, log, options)) {}
Engine::~Engine() = default;

Result<Execution> Engine::execute(
    const Command& command, const std::optional<IdempotencyKey>& key
) {
    return impl_->execute(command, key);
}
Result<Execution> Engine::create_asset(
    const CreateAsset& command, const std::optional<IdempotencyKey>& key
) {
    return impl_->create_asset(command, key);
}
Result<std::optional<View<Wallet>>> Engine::wallet(const WalletId& id) { return impl_->wallet(id); }
Result<std::optional<View<Authorization>>> Engine::authorization(AuthorizationId id) {
    return impl_->authorization(id);
}
View<AssetCataloguePtr> Engine::assets() const { return impl_->assets(); }
Result<std::uint64_t> Engine::sweep() { return impl_->sweep(); }
StateSink& Engine::loader() { return *impl_; }
Status Engine::replay(Lsn lsn, std::string_view record) { return impl_->replay(lsn, record); }
Status Engine::finish_recovery() { return impl_->finish_recovery(); }
EngineStats Engine::stats() const { return impl_->stats(); }
std::vector<AssetTotals> Engine::totals() const { return impl_->totals(); }
Timestamp Engine::now() { return impl_->stamp(); }

}  // namespace faregate::engine
