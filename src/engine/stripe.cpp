#include "engine/stripe.h"

#include <algorithm>
#include <optional>

#include "faregate/core/assert.h"
#include "faregate/ledger/expiry.h"

namespace faregate::engine {

using namespace ledger;

namespace {

/// True if an account is the sum of its grants and of the holds on it.
bool adds_up(const Wallet& wallet, const Account& account, Amount held) {
    Amount remaining;
    Amount pinned = account.overdraft_held;
    for (const Grant& grant : wallet.grants) {
        if (grant.asset != account.asset) continue;
        if (grant.status == GrantStatus::scheduled) continue;
        remaining += grant.remaining;
        pinned += grant.held;
    }
    return account.posted == remaining + account.overdraft_held - account.debt &&
           account.held == pinned && account.held == held;
}

/// What a late capture tells of its authorization.
Authorization ended_authorization(const Mutation& late_capture) {
    const auto& change = std::get<AuthorizationChanged>(late_capture.change);
    Authorization authorization;
    authorization.id = change.authorization;
    authorization.wallet = late_capture.wallet;
    authorization.status = change.status;
    authorization.expires_at = change.expires_at;
    authorization.closed_at = change.expires_at;
    return authorization;
}

}  // namespace

StripeLock::StripeLock(const Stripe& stripe) : stripe_(stripe) {
    const bool free = stripe_.mutex.try_lock();
    if (!free) stripe_.mutex.lock();
    ++stripe_.acquisitions;
    if (!free) ++stripe_.contentions;
}

StripeLock::~StripeLock() { stripe_.mutex.unlock(); }

Wallet* StripeState::find_wallet(const WalletId& id) { return wallets_.find(id); }

StripeState::Hold* StripeState::find_hold(AuthorizationId id, Timestamp now) {
    const auto found = holds_.find(id);
    if (found == holds_.end()) return nullptr;
    const Authorization& authorization = found->second->authorization;
    const bool forgotten = !authorization.is_open() && authorization.closed_at + retention_ <= now;
    return forgotten ? nullptr : found->second.get();
}

Wallet* StripeState::find_wallet_of(GrantId grant) { return wallets_.find_owner(grant); }

Status StripeState::apply(const Mutation& mutation, Lsn lsn) noexcept {
    const auto misfit = [&](const char* what) {
        return failure(
            ErrorCode::corruption, "record " + std::to_string(lsn.value) +
                                       " does not fit the state: " + what + " (wallet " +
                                       mutation.wallet.text() + ")"
        );
    };
    last_lsn_ = lsn;
    Wallet* wallet = find_wallet(mutation.wallet);
    if (std::holds_alternative<WalletCreated>(mutation.change)) {
        if (wallet != nullptr) return misfit("the wallet exists");
        wallets_.insert(create_wallet(mutation, lsn));
        return {};
    }
    if (wallet == nullptr) return misfit("there is no such wallet");
    if (wallet->lsn >= lsn) return misfit("the wallet is newer");
    const auto* added_grant = std::get_if<GrantAdded>(&mutation.change);
    if (added_grant != nullptr && wallet->find_grant(added_grant->grant.id) != nullptr) {
        return misfit("the grant exists");
    }

    Hold* hold = nullptr;
    std::optional<Hold> forgotten;
    Timestamp expires_before;
    bool open_before = false;
    if (const auto* opened = std::get_if<AuthorizationOpened>(&mutation.change)) {
        auto& slot = holds_[opened->authorization];
        if (slot != nullptr) return misfit("the authorization exists");
        slot = std::make_unique<Hold>(Hold{open_authorization(mutation), wallet});
        hold = slot.get();
    } else if (const auto id = mutation.authorization(); !id.is_nil()) {
        const auto found = holds_.find(id);
        if (found != holds_.end()) {
            hold = found->second.get();
        } else if (std::get<AuthorizationChanged>(mutation.change).late) {
            // It ended too long ago to be loaded, but not when it was captured: on replay.
            hold = &forgotten.emplace(Hold{ended_authorization(mutation), wallet});
        } else {
            return misfit("there is no such authorization");
        }
        if (hold->wallet != wallet) return misfit("the authorization is another wallet's");
        open_before = hold->authorization.is_open();
        expires_before = hold->authorization.expires_at;
    }

    Authorization* const changed = hold == nullptr ? nullptr : &hold->authorization;
    const char* const contradiction = try_apply(*wallet, changed, mutation, lsn);
    if (contradiction != nullptr) return misfit(contradiction);

    if (const auto* added = std::get_if<GrantAdded>(&mutation.change)) {
        const Grant* grant = wallet->find_grant(added->grant.id);
        if (grant != nullptr) set_grant_timer(*grant);
    } else if (const auto* ended = std::get_if<GrantChanged>(&mutation.change)) {
        const Grant* grant = wallet->find_grant(ended->grant);
        if (grant != nullptr && grant->status == GrantStatus::active) set_grant_timer(*grant);
    }
    if (hold == nullptr) return {};

    const Authorization& authorization = hold->authorization;
    if (open_before) {
        timers_.erase(Timer{expires_before, Timer::Kind::expire_authorization, authorization.id.uid}
        );
        --open_count_;
    }
    if (authorization.is_open()) {
        set_timer(Timer{
            authorization.expires_at, Timer::Kind::expire_authorization, authorization.id.uid});
        ++open_count_;
    } else if (open_before) {
        index_closing(*hold);
    }
    return {};
}

void StripeState::index_closing(const Hold& hold) {
    const Authorization& closed = hold.authorization;
    closed_.emplace_hint(closed_.end(), closed.closed_at + retention_, closed.id);
}

void StripeState::forget_closed(Timestamp now) {
    while (!closed_.empty() && closed_.begin()->first <= now) {
        holds_.erase(closed_.begin()->second);
        closed_.erase(closed_.begin());
    }
}

/// The newest is nearly always the last one to be due, and then its place is found at once.
void StripeState::set_timer(const Timer& timer) { timers_.emplace_hint(timers_.end(), timer); }

void StripeState::set_grant_timer(const Grant& grant) {
    if (grant.status == GrantStatus::scheduled) {
        set_timer(Timer{grant.effective_at, Timer::Kind::activate_grant, grant.id.uid});
    } else if (grant.status == GrantStatus::active && !grant.expires_at.is_never()) {
        set_timer(Timer{grant.expires_at, Timer::Kind::expire_grant, grant.id.uid});
    }
}

bool StripeState::next_due(Timestamp now, Mutation& mutation) {
    forget_closed(now);
    while (!timers_.empty() && timers_.begin()->at <= now) {
        const Timer timer = *timers_.begin();
        if (timer.kind == Timer::Kind::expire_authorization) {
            const Hold& hold = *holds_.at(AuthorizationId{timer.subject});
            expire(*hold.wallet, hold.authorization, mutation);
            return true;  // Applying it removes the timer.
        }
        timers_.erase(timers_.begin());
        // The timers of grants are not taken back when a grant is used up or revoked.
        const Wallet* wallet = find_wallet_of(GrantId{timer.subject});
        const Grant* grant =
            wallet == nullptr ? nullptr : wallet->find_grant(GrantId{timer.subject});
        if (grant == nullptr) continue;
        if (timer.kind == Timer::Kind::activate_grant && grant->status == GrantStatus::scheduled) {
            timers_.insert(timer);
            activate(*wallet, *grant, mutation);
            return true;
        }
        if (timer.kind == Timer::Kind::expire_grant && grant->status == GrantStatus::active) {
            timers_.insert(timer);
            expire(*wallet, *grant, mutation);
            return true;
        }
    }
    return false;
}

Status StripeState::load_wallet(Wallet wallet) {
    // Money is spent in this order, so it is not left to the order in which rows arrive.
    std::sort(wallet.grants.begin(), wallet.grants.end(), burns_before);
    std::sort(
        wallet.accounts.begin(), wallet.accounts.end(),
        [](const Account& a, const Account& b) { return a.asset < b.asset; }
    );
    const std::string id = wallet.id.text();
    const Wallet* const added = wallets_.insert(std::move(wallet));
    if (added == nullptr) {
        return failure(ErrorCode::corruption, "wallet " + id + " is stored twice");
    }
    for (const Grant& grant : added->grants) set_grant_timer(grant);
    return {};
}

Status StripeState::load_authorization(Authorization authorization) {
    Wallet* const wallet = find_wallet(authorization.wallet);
    const AuthorizationId id = authorization.id;
    if (wallet == nullptr) {
        return failure(ErrorCode::corruption, id.text() + " is stored without its wallet");
    }
    auto hold = std::make_unique<Hold>(Hold{std::move(authorization), wallet});
    const Authorization& stored = hold->authorization;
    if (stored.is_open()) {
        set_timer(Timer{stored.expires_at, Timer::Kind::expire_authorization, id.uid});
        ++open_count_;
    } else {
        index_closing(*hold);
    }
    if (!holds_.emplace(id, std::move(hold)).second) {
        return failure(ErrorCode::corruption, id.text() + " is stored twice");
    }
    return {};
}

StripeState::HeldByAccount StripeState::held_by_account() const {
    HeldByAccount held;
    for (const auto& [id, hold] : holds_) {
        for (const HoldLine& line : hold->authorization.lines) {
            if (!line.held.is_zero()) held[{hold->wallet, line.asset}] += line.held;
        }
    }
    return held;
}

void StripeState::add_totals(std::vector<AssetTotals>& totals) const {
    const HeldByAccount held = held_by_account();
    const auto add = [](Amount& sum, Amount amount, bool& ok) {
        int128_t result = 0;
        if (__builtin_add_overflow(sum.units(), amount.units(), &result)) ok = false;
        sum = Amount::from_units(result);
    };
    for (const Wallet* wallet : wallets_.all()) {
        for (const Account& account : wallet->accounts) {
            // An asset that was created after the totals were laid out.
            if (account.asset.value >= totals.size()) continue;
            AssetTotals& total = totals.at(account.asset.value);
            const auto found = held.find({wallet, account.asset});
            const Amount by_holds = found == held.end() ? Amount{} : found->second;
            if (!adds_up(*wallet, account, by_holds)) total.ok = false;
            add(total.posted, account.posted, total.ok);
            add(total.held, account.held, total.ok);
            add(total.debt, account.debt, total.ok);
        }
    }
}

Status StripeState::verify(std::size_t asset_count) const {
    const auto contradiction = [](const Wallet& wallet, const std::string& what) {
        return failure(
            ErrorCode::corruption, "wallet " + wallet.id.text() + ": " + what +
                                       "; run `faregate verify` to see what else is wrong"
        );
    };
    HeldByAccount held = held_by_account();
    std::map<GrantId, Amount> pinned;
    for (const auto& [id, hold] : holds_) {
        for (const HoldLine& line : hold->authorization.lines) {
            Amount sum;
            for (const HoldPart& part : line.parts) {
                sum += part.amount;
                if (!part.grant.is_nil()) pinned[part.grant] += part.amount;
                const bool there = part.grant.is_nil() || part.amount.is_zero() ||
                                   hold->wallet->find_grant(part.grant) != nullptr;
                if (!there) return contradiction(*hold->wallet, id.text() + " pins no grant of it");
            }
            const bool whole = sum == line.held;
            if (!whole) return contradiction(*hold->wallet, id.text() + " is not its parts");
        }
    }
    for (const Wallet* wallet : wallets_.all()) {
        for (const Account& account : wallet->accounts) {
            const auto asset = "asset " + std::to_string(account.asset.value);
            if (account.asset.value >= asset_count) {
                return contradiction(*wallet, asset + " does not exist");
            }
            const auto found = held.extract({wallet, account.asset});
            const bool sound = adds_up(*wallet, account, found.empty() ? Amount{} : found.mapped());
            if (!sound) {
                return contradiction(*wallet, asset + " contradicts its grants or holds");
            }
        }
        for (const Grant& grant : wallet->grants) {
            const auto by_holds = pinned.find(grant.id);
            const Amount held_by_holds = by_holds == pinned.end() ? Amount{} : by_holds->second;
            const bool sound = grant.held == held_by_holds && grant.held <= grant.remaining &&
                               wallet->find_account(grant.asset) != nullptr;
            if (!sound) return contradiction(*wallet, grant.id.text() + " contradicts its holds");
        }
    }
    if (!held.empty()) {
        return contradiction(*held.begin()->first.first, "a hold contradicts its account");
    }
    return {};
}

}  // namespace faregate::engine
