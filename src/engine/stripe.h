#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "engine/idempotency_table.h"
#include "engine/wallet_table.h"
#include "faregate/core/mutex.h"
#include "faregate/engine/engine.h"
#include "faregate/ledger/apply.h"
#include "faregate/ledger/authorization.h"
#include "faregate/ledger/wallet.h"

namespace faregate::engine {

/// A mutation that time will make. Ordered by the moment, then by kind and id, so that two machines
/// with the same state do the same things in the same order.
struct Timer {
    enum class Kind : std::uint8_t { activate_grant, expire_authorization, expire_grant };
    Timestamp at;
    Kind kind = Kind::activate_grant;
    Uid subject;
    friend auto operator<=>(const Timer&, const Timer&) = default;
};

/// The wallets behind one lock: state, indexes over it, and timers. Not synchronized by itself.
///
/// Invariants: every authorization belongs to a wallet here; wallets and authorizations keep their
/// addresses; an open authorization has exactly one timer.
class StripeState {
  public:
    StripeState(Duration retention, AnswerMemory& answers)
        : idempotency(retention, answers), retention_(retention) {}

    struct Hold {
        ledger::Authorization authorization;
        ledger::Wallet* wallet = nullptr;
    };

    ledger::Wallet* find_wallet(const WalletId& id);
    /// Finds closed ones too, until the retention is over at `now`.
    Hold* find_hold(AuthorizationId id, Timestamp now);
    ledger::Wallet* find_wallet_of(GrantId grant);

    /// Applies a mutation and keeps the indexes and timers true. Error `corruption`: the mutation
    /// does not fit the state (only possible on replay).
    /// Without memory the process ends: the record is in the journal, and a start makes it true.
    Status apply(const ledger::Mutation& mutation, Lsn lsn) noexcept;

    /// The mutation of the earliest timer due at `now`, written to `mutation`; false if none. Call
    /// apply with it and then ask again.
    bool next_due(Timestamp now, ledger::Mutation& mutation);

    // For loading.
    Status load_wallet(ledger::Wallet wallet);
    Status load_authorization(ledger::Authorization authorization);

    /// Of the last mutation that was applied.
    Lsn last_lsn() const noexcept { return last_lsn_; }
    std::size_t wallet_count() const noexcept { return wallets_.size(); }
    std::size_t hold_count() const noexcept { return holds_.size(); }
    std::size_t open_count() const noexcept { return open_count_; }

    /// Adds up every account and checks it against grants and holds.
    void add_totals(std::vector<AssetTotals>& totals) const;

    /// Checks every account and every pinned grant against grants and holds, down to the parts.
    /// Error `corruption` names a wallet that contradicts them, or that has an asset above
    /// `asset_count`.
    Status verify(std::size_t asset_count) const;

    IdempotencyTable idempotency;

  private:
    using HeldByAccount = std::map<std::pair<const ledger::Wallet*, ledger::AssetIndex>, Amount>;

    HeldByAccount held_by_account() const;
    void index_closing(const Hold& hold);
    void set_timer(const Timer& timer);
    void set_grant_timer(const ledger::Grant& grant);
    void forget_closed(Timestamp now);

    Duration retention_;
    Lsn last_lsn_;
    std::size_t open_count_ = 0;
    WalletTable wallets_;
    boost::unordered_flat_map<AuthorizationId, std::unique_ptr<Hold>, UidHash> holds_;
    std::set<Timer> timers_;
    /// When closed authorizations leave memory.
    std::set<std::pair<Timestamp, AuthorizationId>> closed_;
};

/// One lock and what is behind it.
struct Stripe {
    Stripe(Duration retention, AnswerMemory& answers) : state(retention, answers) {}

    mutable Mutex mutex;
    StripeState state FG_GUARDED_BY(mutex);
    AssetCataloguePtr assets FG_GUARDED_BY(mutex);
    std::uint32_t id_counter FG_GUARDED_BY(mutex) = 0;
    // Reused from command to command, so that a plain one allocates nothing.
    ledger::Decision decision FG_GUARDED_BY(mutex);
    ledger::Mutation due FG_GUARDED_BY(mutex);
    std::string record FG_GUARDED_BY(mutex);
    mutable std::uint64_t acquisitions FG_GUARDED_BY(mutex) = 0;
    mutable std::uint64_t contentions FG_GUARDED_BY(mutex) = 0;
};

/// Locks a stripe and counts whether it had to wait.
class FG_SCOPED_CAPABILITY StripeLock {
  public:
    explicit StripeLock(const Stripe& stripe) FG_ACQUIRE(stripe.mutex);
    ~StripeLock() FG_RELEASE();
    StripeLock(const StripeLock&) = delete;
    StripeLock& operator=(const StripeLock&) = delete;

  private:
    const Stripe& stripe_;
};

}  // namespace faregate::engine
