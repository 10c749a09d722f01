#include "support/ledger_driver.h"

#include <algorithm>
#include <tuple>

namespace faregate::support {

using namespace ledger;

namespace {

struct Run {
    const Context& context;
    const Wallet* wallet;
    const std::map<AuthorizationId, Authorization>& authorizations;
    Decision& decision;

    const Authorization* find(AuthorizationId id) const {
        const auto found = authorizations.find(id);
        return found == authorizations.end() ? nullptr : &found->second;
    }
    template <typename OnWallet>
    void operator()(const OnWallet& command) const {
        decide(context, wallet, command, decision);
    }
    void operator()(const Capture& command) const {
        decide(context, wallet, find(command.authorization), command, decision);
    }
    void operator()(const Void& command) const {
        decide(context, wallet, find(command.authorization), command, decision);
    }
    void operator()(const Increment& command) const {
        decide(context, wallet, find(command.authorization), command, decision);
    }
};

bool is_dry_run(const Command& command) {
    const auto* authorize = std::get_if<Authorize>(&command);
    return authorize != nullptr && authorize->dry_run;
}

}  // namespace

LedgerDriver::LedgerDriver() {
    const std::pair<const char*, Scale> assets[] = {{"USD", 2}, {"TOK", 0}, {"GPU", 6}};
    for (const auto& [code, scale] : assets) {
        Asset asset;
        asset.index.value = static_cast<std::uint32_t>(assets_.size());
        asset.code = code;
        asset.scale = scale;
        assets_.add(std::move(asset));
    }
}

const Receipt& LedgerDriver::execute(const Command& command) {
    const auto* create = std::get_if<CreateWallet>(&command);
    const WalletId id = create != nullptr ? create->wallet : wallet_.id;
    const Context context{assets_, now_, Uid::make(now_, id.hash(), Epoch{1}, ++id_counter_)};
    std::visit(Run{context, wallet(), authorizations_, decision_}, command);
    const bool expected = decision_.receipt.outcome == Outcome::accepted && !is_dry_run(command);
    note(decision_.has_mutation == expected, "a mutation exactly if accepted");
    note(decision_.receipt.at == now_, "the receipt carries the time of the command");
    if (decision_.has_mutation) commit(decision_.mutation);
    check_receipt(command);
    return decision_.receipt;
}

void LedgerDriver::advance_to(Timestamp now) {
    note(now >= now_, "time goes on");
    now_ = now;
    Mutation mutation;
    while (exists_ && next_due(mutation)) commit(mutation);
}

bool LedgerDriver::next_due(Mutation& mutation) const {
    // The order of the engine's timers: the moment, then activate, expire hold, expire grant, id.
    std::vector<std::tuple<Timestamp, int, Uid>> due;
    for (const Grant& grant : wallet_.grants) {
        if (grant.status == GrantStatus::scheduled) {
            due.emplace_back(grant.effective_at, 0, grant.id.uid);
        } else if (grant.status == GrantStatus::active) {
            due.emplace_back(grant.expires_at, 2, grant.id.uid);
        }
    }
    for (const auto& [id, authorization] : authorizations_) {
        if (authorization.is_open()) due.emplace_back(authorization.expires_at, 1, id.uid);
    }
    const auto first = std::min_element(due.begin(), due.end());
    if (first == due.end() || std::get<0>(*first) > now_) return false;
    const auto& [at, kind, uid] = *first;
    if (kind == 0) activate(wallet_, *wallet_.find_grant(GrantId{uid}), mutation);
    if (kind == 1) expire(wallet_, authorizations_.at(AuthorizationId{uid}), mutation);
    if (kind == 2) expire(wallet_, *wallet_.find_grant(GrantId{uid}), mutation);
    return true;
}

void LedgerDriver::commit(const Mutation& mutation) {
    const Lsn lsn{steps_.size() + 1};
    steps_.push_back(Step{lsn, mutation});
    if (std::holds_alternative<WalletCreated>(mutation.change)) {
        wallet_ = create_wallet(mutation, lsn);
        exists_ = true;
    } else {
        Authorization* authorization = nullptr;
        const AuthorizationId id = mutation.authorization();
        if (std::holds_alternative<AuthorizationOpened>(mutation.change)) {
            authorizations_.emplace(id, open_authorization(mutation));
        }
        if (!id.is_nil()) authorization = &authorizations_.at(id);
        apply(wallet_, authorization, mutation, lsn);
    }
    for (const Posting& posting : mutation.postings) {
        Flows& flows = flows_[posting.asset];
        if (posting.source == Side::issued) flows.issued += posting.amount;
        if (posting.destination == Side::revenue) flows.revenue += posting.amount;
        if (posting.destination == Side::breakage) flows.breakage += posting.amount;
        const bool back = posting.destination == Side::issued || posting.source == Side::revenue ||
                          posting.source == Side::breakage;
        note(!back, "money that has left does not come back");
    }
    check();
}

Flows LedgerDriver::flows(AssetIndex asset) const {
    const auto found = flows_.find(asset);
    return found == flows_.end() ? Flows{} : found->second;
}

void LedgerDriver::note(bool condition, const std::string& what) {
    if (condition || !problem_.empty()) return;
    problem_ = what + " (after step " + std::to_string(steps_.size()) + ")";
}

/// What every receipt promises, whatever the command was.
void LedgerDriver::check_receipt(const Command& command) {
    const Receipt& receipt = decision_.receipt;
    const bool on_hold = std::holds_alternative<Capture>(command) ||
                         std::holds_alternative<Void>(command) ||
                         std::holds_alternative<Increment>(command);
    for (const ReceiptLine& line : receipt.lines) {
        const bool funds = receipt.outcome == Outcome::accepted ||
                           receipt.outcome == Outcome::insufficient_funds ||
                           receipt.outcome == Outcome::capture_exceeds_hold;
        note(
            !funds || line.available == wallet_.available(line.asset),
            "a receipt says what is available"
        );
        if (receipt.outcome != Outcome::accepted) {
            note(line.moved.is_zero() && line.released.is_zero(), "a decline moves nothing");
        }
        if (!on_hold || receipt.subject.is_nil()) continue;
        const auto found = authorizations_.find(AuthorizationId{receipt.subject});
        if (found == authorizations_.end()) continue;
        const HoldLine* held = found->second.find_line(line.asset);
        const bool same = held != nullptr && line.authorized == held->authorized &&
                          line.captured == held->captured && line.held == held->held;
        note(same, "a receipt says how the authorization stands");
    }
    const auto* create = std::get_if<CreateWallet>(&command);
    const WalletId expected = create != nullptr ? create->wallet : wallet_.id;
    note(
        receipt.wallet == (exists_ ? expected : WalletId{}),
        "a receipt names the wallet, and none if there is none"
    );
}

void LedgerDriver::check_account(const Account& account) {
    Amount remaining;
    Amount pinned;
    Amount scheduled;
    for (const Grant& grant : wallet_.grants) {
        if (grant.asset != account.asset) continue;
        (grant.status == GrantStatus::scheduled ? scheduled : remaining) += grant.remaining;
        pinned += grant.held;
    }
    Amount held;
    for (const auto& [id, authorization] : authorizations_) {
        const HoldLine* line = authorization.find_line(account.asset);
        if (line != nullptr) held += line->held;
    }
    const Flows flows = this->flows(account.asset);
    const Amount available = account.posted - account.held + account.overdraft_limit;
    note(
        flows.issued == account.posted + flows.revenue + flows.breakage,
        "issued = posted + revenue + breakage"
    );
    note(account.held == held, "held = the sum of open authorizations");
    note(account.held == pinned + account.overdraft_held, "held = pinned grants + held credit");
    note(
        account.posted == remaining + account.overdraft_held - account.debt,
        "posted = grants + held credit - debt"
    );
    note(may_be_over_limit_ || !available.is_negative(), "available >= 0");
    note(
        may_be_over_limit_ || account.debt <= account.overdraft_limit,
        "no more drawn than the credit line"
    );
    note(!account.overdraft_held.is_negative(), "held credit >= 0");
    note(!account.spent_debt().is_negative(), "spent debt >= 0");
    note(!account.free().is_negative(), "free money >= 0");
    note(
        account.spent_debt().is_zero() || account.free().is_zero(),
        "free money has settled what debt there is"
    );
    note(account.posted + scheduled <= Amount::balance_max(), "posted within its bound");
    note(account.held <= Amount::balance_max(), "held within its bound");
}

void LedgerDriver::check_holds() {
    std::map<GrantId, Amount> pinned;
    for (const auto& [id, authorization] : authorizations_) {
        note(authorization.wallet == wallet_.id, "an authorization belongs to its wallet");
        for (const HoldLine& line : authorization.lines) {
            Amount sum;
            for (const HoldPart& part : line.parts) {
                note(!part.amount.is_negative(), "a part of a hold >= 0");
                sum += part.amount;
                if (!part.grant.is_nil()) pinned[part.grant] += part.amount;
            }
            note(sum == line.held, "a hold is the sum of its parts");
            note(authorization.is_open() || line.held.is_zero(), "a closed hold holds nothing");
        }
        note(
            authorization.is_open() == authorization.closed_at.is_never(), "a closed hold says when"
        );
    }
    for (const Grant& grant : wallet_.grants) {
        note(grant.held == pinned[grant.id], "a grant's held part = the holds that pin it");
        note(grant.held <= grant.remaining, "a grant holds no more than it has");
        note(grant.remaining.is_positive(), "an empty grant is dropped");
        const bool ended =
            grant.status == GrantStatus::expired || grant.status == GrantStatus::revoked;
        note(!ended || grant.free().is_zero(), "an ended grant has nothing free");
    }
    for (const auto& [grant, amount] : pinned) {
        note(amount.is_zero() || wallet_.find_grant(grant) != nullptr, "a hold pins what is there");
    }
}

void LedgerDriver::check() {
    if (wallet_.over_capture == OverCapture::debt) may_be_over_limit_ = true;
    for (const Account& account : wallet_.accounts) check_account(account);
    check_holds();
    note(
        std::is_sorted(wallet_.grants.begin(), wallet_.grants.end(), burns_before),
        "grants stand in burn order"
    );
    const bool accounts_sorted = std::is_sorted(
        wallet_.accounts.begin(), wallet_.accounts.end(),
        [](const Account& a, const Account& b) { return a.asset < b.asset; }
    );
    note(accounts_sorted, "accounts stand in the order of assets");
    note(wallet_.lsn == steps_.back().lsn, "the wallet carries its last LSN");
}

}  // namespace faregate::support
