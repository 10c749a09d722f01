#include "faregate/ledger/apply.h"

#include <algorithm>

#include "faregate/core/assert.h"

namespace faregate::ledger {
namespace {

/// What contradicts, or null. Each step of a mutation stops at the first.
using Misfit = const char*;

/// No sum of an account, a grant or a hold comes near this; past balance_max there is room for what
/// stands between two postings.
constexpr Amount sum_max = Amount::from_units(Amount::power_of_ten(32));

bool add_to(Amount& sum, Amount amount) {
    sum = Amount::from_units(sum.units() + amount.units());
    return sum <= sum_max && -sum <= sum_max;
}

/// Adds `amount` (or takes it, if negative) on one side of a posting.
class Sides {
  public:
    Sides(Wallet& wallet, Authorization* authorization, const Posting& posting)
        : account_(wallet.account(posting.asset)), posting_(posting) {
        if (!posting.grant.is_nil()) grant_ = wallet.find_grant(posting.grant);
        if (authorization != nullptr) line_ = &line(*authorization);
    }

    Misfit add(Side side, Amount amount) {
        if (!posting_.grant.is_nil() && grant_ == nullptr) {
            return "a posting names a grant that the wallet does not have";
        }
        if (grant_ != nullptr && grant_->asset != posting_.asset) {
            return "a posting names a grant of another asset";
        }
        switch (side) {
            case Side::issued:
            case Side::breakage:
                return nullptr;
            case Side::revenue:
                return add_revenue(amount);
            case Side::available:
                return add_available(amount);
            case Side::held:
                return add_held(amount);
            case Side::debt:
                return add_debt(amount);
        }
        return "a posting names a side that there is not";
    }

  private:
    static constexpr Misfit too_large = "a sum is out of its range";

    HoldLine& line(Authorization& authorization) {
        if (HoldLine* found = authorization.find_line(posting_.asset)) return *found;
        HoldLine created;
        created.asset = posting_.asset;
        authorization.lines.push_back(std::move(created));
        return authorization.lines.back();
    }

    Misfit add_revenue(Amount amount) {
        if (line_ == nullptr) return nullptr;
        return add_to(line_->captured, amount) ? nullptr : too_large;
    }

    Misfit add_available(Amount amount) {
        if (grant_ == nullptr) return "available money always belongs to a grant";
        if (grant_->status == GrantStatus::scheduled) return "a grant gave before it was effective";
        if (!add_to(grant_->remaining, amount)) return too_large;
        if (!add_to(account_.posted, amount)) return too_large;
        if (grant_->held > grant_->remaining) return "a grant gave more than it had free";
        return nullptr;
    }

    Misfit add_held(Amount amount) {
        if (line_ == nullptr) return "held money always belongs to an authorization";
        if (!add_to(account_.posted, amount) || !add_to(account_.held, amount)) return too_large;
        if (const Misfit misfit = grant_ != nullptr ? pin(amount) : draw(amount)) return misfit;
        const bool reserved = amount.is_positive() && posting_.source != Side::held;
        if (reserved && !add_to(line_->authorized, amount)) return too_large;
        if (!add_to(line_->held, amount)) return too_large;
        HoldPart& part = this->part();
        if (!add_to(part.amount, amount)) return too_large;
        return part.amount.is_negative() ? "a hold gave back more than it kept" : nullptr;
    }

    Misfit pin(Amount amount) {
        if (!add_to(grant_->remaining, amount) || !add_to(grant_->held, amount)) return too_large;
        return grant_->held.is_negative() ? "a grant released more than was held of it" : nullptr;
    }

    Misfit draw(Amount amount) {
        if (!add_to(account_.overdraft_held, amount)) return too_large;
        return account_.overdraft_held.is_negative() ? "released more credit than was held"
                                                     : nullptr;
    }

    Misfit add_debt(Amount amount) {
        if (!add_to(account_.posted, amount) || !add_to(account_.debt, -amount)) return too_large;
        return account_.debt.is_negative() ? "more debt was settled than was drawn" : nullptr;
    }

    /// A part that was emptied keeps its place until the hold ends, so that the order of capture is
    /// the order of first reservation, in memory and in the database alike.
    HoldPart& part() {
        const auto found =
            std::find_if(line_->parts.begin(), line_->parts.end(), [&](const HoldPart& part) {
                return part.grant == posting_.grant;
            });
        if (found != line_->parts.end()) return *found;
        line_->parts.push_back(HoldPart{posting_.grant, {}});
        return line_->parts.back();
    }

    Account& account_;
    const Posting& posting_;
    Grant* grant_ = nullptr;
    HoldLine* line_ = nullptr;
};

void update(Wallet& wallet, const WalletUpdated& change) {
    if (change.status) wallet.status = *change.status;
    if (change.over_capture) wallet.over_capture = *change.over_capture;
    if (change.name || change.metadata) {
        wallet.set_labels(
            change.name.value_or(wallet.name()), change.metadata.value_or(wallet.metadata())
        );
    }
    for (const OverdraftLimit& limit : change.overdraft_limits) {
        wallet.account(limit.asset).overdraft_limit = limit.limit;
    }
}

Misfit add_grant(Wallet& wallet, const GrantAdded& change, Lsn lsn) {
    Grant grant = change.grant;
    if (wallet.find_grant(grant.id) != nullptr) return "the grant exists";
    grant.lsn = lsn;
    // The money of an active grant arrives by a posting, so that it leaves an entry.
    if (grant.status != GrantStatus::scheduled) grant.remaining = {};
    wallet.account(grant.asset);
    wallet.insert_grant(grant);
    return nullptr;
}

Misfit change_grant(Wallet& wallet, const GrantChanged& change) {
    Grant* grant = wallet.find_grant(change.grant);
    if (grant == nullptr) return "a change names a grant that the wallet does not have";
    const bool ended =
        grant->status == GrantStatus::expired || grant->status == GrantStatus::revoked;
    if (ended) return "a grant ends once";
    const bool begins = grant->status == GrantStatus::scheduled;
    const bool backwards = change.status == GrantStatus::scheduled ||
                           (change.status == GrantStatus::active && !begins);
    if (backwards) return "a grant becomes effective once";
    if (begins) grant->remaining = {};
    grant->status = change.status;
    return nullptr;
}

Misfit change_authorization(
    Authorization& authorization, const AuthorizationChanged& change, Timestamp at
) {
    if (authorization.is_open() && change.status != AuthorizationStatus::authorized) {
        authorization.closed_at = at;
    }
    const bool once = authorization.is_open() || authorization.status == change.status;
    if (!once) return "an authorization ends once";
    const bool expired = change.status == AuthorizationStatus::expired;
    if (!expired && (change.late || change.settled)) return "only what expired is captured late";
    authorization.status = change.status;
    authorization.expires_at = change.expires_at;
    authorization.late = change.late;
    authorization.settled = change.settled;
    if (authorization.is_open()) return nullptr;
    for (HoldLine& line : authorization.lines) {
        if (!line.held.is_zero()) return "a closed authorization holds nothing";
        line.parts = {};
    }
    return nullptr;
}

/// Grants that nothing can come back to and nothing be taken from.
void drop_empty_grants(Wallet& wallet) {
    std::erase_if(wallet.grants, [](const Grant& grant) {
        return grant.remaining.is_zero() && grant.status != GrantStatus::scheduled;
    });
}

Misfit check(const Wallet& wallet, const std::vector<Posting>& postings) {
    for (const Posting& posting : postings) {
        const Account& account = *wallet.find_account(posting.asset);
        if (account.held.is_negative()) return "held money below zero";
        if (account.held < account.overdraft_held) return "more credit held than money";
        if (account.debt < account.overdraft_held) return "held credit that was never drawn";
        if (account.free().is_negative()) return "free money below zero";
        const bool draws = posting.source == Side::available || posting.source == Side::debt;
        const bool allowed = wallet.over_capture == OverCapture::debt || !draws ||
                             !account.over_limit() || posting.destination == Side::breakage ||
                             posting.destination == Side::debt;
        if (!allowed) return "available money below zero";
    }
    return nullptr;
}

Misfit change_wallet(Wallet& wallet, const Change& change, Lsn lsn) {
    if (const auto* added = std::get_if<GrantAdded>(&change)) return add_grant(wallet, *added, lsn);
    if (const auto* changed = std::get_if<GrantChanged>(&change)) {
        return change_grant(wallet, *changed);
    }
    if (const auto* updated = std::get_if<WalletUpdated>(&change)) update(wallet, *updated);
    return nullptr;
}

Misfit post(Wallet& wallet, Authorization* authorization, const Posting& posting) {
    if (!posting.amount.is_positive()) return "a posting moves something";
    if (posting.amount > sum_max) return "a sum is out of its range";
    Sides sides(wallet, authorization, posting);
    if (const Misfit misfit = sides.add(posting.source, -posting.amount)) return misfit;
    return sides.add(posting.destination, posting.amount);
}

}  // namespace

Wallet create_wallet(const Mutation& mutation, Lsn lsn) {
    const auto& created = std::get<WalletCreated>(mutation.change);
    Wallet wallet;
    wallet.id = mutation.wallet;
    wallet.created_at = mutation.at;
    wallet.lsn = lsn;
    wallet.over_capture = created.over_capture;
    wallet.set_labels(created.name, created.metadata);
    return wallet;
}

Authorization open_authorization(const Mutation& mutation) {
    const auto& opened = std::get<AuthorizationOpened>(mutation.change);
    Authorization authorization;
    authorization.id = opened.authorization;
    authorization.wallet = mutation.wallet;
    authorization.created_at = mutation.at;
    authorization.expires_at = opened.expires_at;
    authorization.description = opened.description;
    authorization.metadata = opened.metadata;
    return authorization;
}

const char* try_apply(
    Wallet& wallet, Authorization* authorization, const Mutation& mutation, Lsn lsn
) {
    FG_ASSERT(wallet.id == mutation.wallet, "a mutation was applied to another wallet");
    FG_ASSERT(wallet.lsn < lsn, "mutations of a wallet are applied in order, once");
    wallet.lsn = lsn;

    if (const Misfit misfit = change_wallet(wallet, mutation.change, lsn)) return misfit;
    for (const Posting& posting : mutation.postings) {
        if (const Misfit misfit = post(wallet, authorization, posting)) return misfit;
    }
    if (const auto* changed = std::get_if<AuthorizationChanged>(&mutation.change)) {
        FG_ASSERT(authorization != nullptr, "the changed authorization is missing");
        const Misfit misfit = change_authorization(*authorization, *changed, mutation.at);
        if (misfit != nullptr) return misfit;
    }
    if (const Misfit misfit = check(wallet, mutation.postings)) return misfit;
    drop_empty_grants(wallet);
    return nullptr;
}

void apply(Wallet& wallet, Authorization* authorization, const Mutation& mutation, Lsn lsn) {
    const char* const misfit = try_apply(wallet, authorization, mutation, lsn);
    FG_ASSERT(misfit == nullptr, misfit);
}

}  // namespace faregate::ledger
