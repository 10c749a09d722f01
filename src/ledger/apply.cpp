#include "faregate/ledger/apply.h"

#include <algorithm>

#include "faregate/core/assert.h"

namespace faregate::ledger {
namespace {

/// Adds `amount` (or takes it, if negative) on one side of a posting.
class Sides {
  public:
    Sides(Wallet& wallet, Authorization* authorization, const Posting& posting)
        : account_(wallet.account(posting.asset)), posting_(posting) {
        if (!posting.grant.is_nil()) {
            grant_ = wallet.find_grant(posting.grant);
            FG_ASSERT(grant_ != nullptr, "a posting names a grant that the wallet does not have");
        }
        if (authorization != nullptr) line_ = &line(*authorization);
    }

    void add(Side side, Amount amount) {
        switch (side) {
            case Side::issued:
            case Side::breakage:
                return;
            case Side::revenue:
                return add_revenue(amount);
            case Side::available:
                return add_available(amount);
            case Side::held:
                return add_held(amount);
            case Side::debt:
                return add_debt(amount);
        }
    }

  private:
    HoldLine& line(Authorization& authorization) {
        if (HoldLine* found = authorization.find_line(posting_.asset)) return *found;
        HoldLine created;
        created.asset = posting_.asset;
        authorization.lines.push_back(std::move(created));
        return authorization.lines.back();
    }

    void add_revenue(Amount amount) {
        if (line_ != nullptr) line_->captured += amount;
    }

    void add_available(Amount amount) {
        FG_ASSERT(grant_ != nullptr, "available money always belongs to a grant");
        grant_->remaining += amount;
        account_.posted += amount;
        FG_ASSERT(grant_->held <= grant_->remaining, "a grant gave more than it had free");
    }

    void add_held(Amount amount) {
        FG_ASSERT(line_ != nullptr, "held money always belongs to an authorization");
        account_.posted += amount;
        account_.held += amount;
        if (grant_ != nullptr) {
            grant_->remaining += amount;
            grant_->held += amount;
            FG_ASSERT(!grant_->held.is_negative(), "a grant released more than was held of it");
        } else {
            account_.overdraft_held += amount;
            FG_ASSERT(!account_.overdraft_held.is_negative(), "released more credit than was held");
        }
        if (amount.is_positive()) line_->authorized += amount;
        line_->held += amount;
        HoldPart& part = this->part();
        part.amount += amount;
        FG_ASSERT(!part.amount.is_negative(), "a hold gave back more than it kept");
    }

    void add_debt(Amount amount) {
        account_.posted += amount;
        account_.debt -= amount;
        FG_ASSERT(!account_.debt.is_negative(), "more debt was settled than was drawn");
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
    if (change.name) wallet.name = *change.name;
    if (change.metadata) wallet.metadata = *change.metadata;
    for (const OverdraftLimit& limit : change.overdraft_limits) {
        wallet.account(limit.asset).overdraft_limit = limit.limit;
    }
}

void add_grant(Wallet& wallet, const GrantAdded& change, Lsn lsn) {
    Grant grant = change.grant;
    grant.lsn = lsn;
    // The money of an active grant arrives by a posting, so that it leaves an entry.
    if (grant.status != GrantStatus::scheduled) grant.remaining = {};
    wallet.account(grant.asset);
    wallet.insert_grant(grant);
}

void change_grant(Wallet& wallet, const GrantChanged& change) {
    Grant* grant = wallet.find_grant(change.grant);
    FG_ASSERT(grant != nullptr, "a change names a grant that the wallet does not have");
    if (grant->status == GrantStatus::scheduled) grant->remaining = {};
    grant->status = change.status;
}

void change_authorization(
    Authorization& authorization, const AuthorizationChanged& change, Timestamp at
) {
    if (authorization.is_open() && change.status != AuthorizationStatus::authorized) {
        authorization.closed_at = at;
    }
    FG_ASSERT(
        authorization.is_open() || authorization.status == change.status,
        "an authorization ends once"
    );
    authorization.status = change.status;
    authorization.expires_at = change.expires_at;
    authorization.late = change.late;
    authorization.settled = change.settled;
    if (authorization.is_open()) return;
    for (HoldLine& line : authorization.lines) {
        FG_ASSERT(line.held.is_zero(), "a closed authorization holds nothing");
        line.parts = {};
    }
}

/// Grants that nothing can come back to and nothing be taken from.
void drop_empty_grants(Wallet& wallet) {
    std::erase_if(wallet.grants, [](const Grant& grant) {
        return grant.remaining.is_zero() && grant.status != GrantStatus::scheduled;
    });
}

void check(const Wallet& wallet, const std::vector<Posting>& postings) {
    for (const Posting& posting : postings) {
        const Account& account = *wallet.find_account(posting.asset);
        FG_ASSERT(!account.held.is_negative(), "held money below zero");
        FG_ASSERT(account.held >= account.overdraft_held, "more credit held than money");
        FG_ASSERT(account.debt >= account.overdraft_held, "held credit that was never drawn");
        FG_ASSERT(!account.free().is_negative(), "free money below zero");
        const bool draws = posting.source == Side::available || posting.source == Side::debt;
        FG_ASSERT(
            wallet.over_capture == OverCapture::debt || !draws || !account.over_limit() ||
                posting.destination == Side::breakage || posting.destination == Side::debt,
            "available money below zero"
        );
    }
}

}  // namespace

Wallet create_wallet(const Mutation& mutation, Lsn lsn) {
    const auto& created = std::get<WalletCreated>(mutation.change);
    Wallet wallet;
    wallet.id = mutation.wallet;
    wallet.created_at = mutation.at;
    wallet.lsn = lsn;
    wallet.name = created.name;
    wallet.over_capture = created.over_capture;
    wallet.metadata = created.metadata;
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

void apply(Wallet& wallet, Authorization* authorization, const Mutation& mutation, Lsn lsn) {
    FG_ASSERT(wallet.id == mutation.wallet, "a mutation was applied to another wallet");
    FG_ASSERT(wallet.lsn < lsn, "mutations of a wallet are applied in order, once");
    wallet.lsn = lsn;

    if (const auto* grant_added = std::get_if<GrantAdded>(&mutation.change)) {
        add_grant(wallet, *grant_added, lsn);
    } else if (const auto* grant_changed = std::get_if<GrantChanged>(&mutation.change)) {
        change_grant(wallet, *grant_changed);
    } else if (const auto* updated = std::get_if<WalletUpdated>(&mutation.change)) {
        update(wallet, *updated);
    }
    for (const Posting& posting : mutation.postings) {
        FG_ASSERT(posting.amount.is_positive(), "a posting moves something");
        Sides sides(wallet, authorization, posting);
        sides.add(posting.source, -posting.amount);
        sides.add(posting.destination, posting.amount);
    }
    if (const auto* changed = std::get_if<AuthorizationChanged>(&mutation.change)) {
        FG_ASSERT(authorization != nullptr, "the changed authorization is missing");
        change_authorization(*authorization, *changed, mutation.at);
    }
    check(wallet, mutation.postings);
    drop_empty_grants(wallet);
}

}  // namespace faregate::ledger
