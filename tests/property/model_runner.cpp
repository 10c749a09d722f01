#include "property/model_runner.h"

#include <algorithm>

#include "support/model_comparison.h"

namespace faregate::support {

using namespace ledger;

namespace {

constexpr const char* codes[] = {"USD", "TOK"};
const WalletId acme = WalletId::trusted("acme");

/// One or two assets with small amounts; now and then one that is not valid.
LedgerModel::Amounts amounts_of(int which, int first, int second) {
    LedgerModel::Amounts amounts;
    const auto amount = [](int number) { return number % 37 == 36 ? -1 : number % 13; };
    if (which % 3 != 1) amounts[0] = amount(first);
    if (which % 3 != 0) amounts[1] = amount(second);
    return amounts;
}

}  // namespace

ModelRunner::ModelRunner() : start_(driver_.now()) {
    execute(CreateWallet{acme, "", OverCapture::cap, ""});
}

Timestamp ModelRunner::at(std::int64_t seconds) const {
    return start_ + Duration::seconds(seconds);
}

std::string ModelRunner::execute(const Command& command) {
    return to_string(driver_.execute(command).outcome);
}

/// An index into `count` things, or one past them for a thing that does not exist.
int ModelRunner::pick(int number, std::size_t count) const {
    // Recent things are more interesting than old ones.
    const int recent = static_cast<int>(std::min<std::size_t>(count, 6));
    return static_cast<int>(count) - number % (recent + 1);
}

AuthorizationId ModelRunner::hold_id(int index) const {
    const auto at = static_cast<std::size_t>(index);
    return at < hold_ids_.size() ? hold_ids_[at] : AuthorizationId{Uid{1, 1}};
}

GrantId ModelRunner::grant_id(int index) const {
    const auto at = static_cast<std::size_t>(index);
    return at < grant_ids_.size() ? grant_ids_[at] : GrantId{Uid{1, 1}};
}

std::vector<RequestedAmount> ModelRunner::requested(const Amounts& amounts, bool backwards) {
    std::vector<RequestedAmount> result;
    for (const auto& [asset, amount] : amounts) {
        const Scale scale =
            driver_.assets().at(AssetIndex{static_cast<std::uint32_t>(asset)}).scale;
        const std::string text = Amount::from_units(amount).to_string(scale);
        result.push_back({codes[asset], Decimal::parse(text)});
        transcript_ += std::string(" ") + codes[asset] + ":" + text;
    }
    if (backwards) std::reverse(result.begin(), result.end());
    return result;
}

std::string ModelRunner::add_grant(const RawCommand& raw) {
    const Amounts amounts = amounts_of(raw[1] % 2, raw[2], raw[2]);
    const auto [asset, amount] = *amounts.begin();
    LedgerModel::Grant grant;
    AddGrant command;
    grant.asset = asset;
    grant.priority = std::array{50, 50, 50, 10, 90}.at(static_cast<std::size_t>(raw[3] % 5));
    grant.paid = raw[3] % 3 == 0;
    grant.from = model_.now;
    if (raw[4] % 5 == 0) grant.from = model_.now + raw[4] % 30 - 5;
    if (raw[5] % 2 == 0) grant.until = model_.now + raw[5] % 50 - 1;
    transcript_ += "grant g" + std::to_string(model_.grants.size());
    command.wallet = acme;
    command.amount = requested(amounts, false).front();
    command.kind = grant.paid        ? GrantKind::paid
                   : raw[3] % 3 == 1 ? GrantKind::promotional
                                     : GrantKind::recurring;
    command.priority = static_cast<std::uint8_t>(grant.priority);
    if (grant.from != model_.now) command.effective_at = at(grant.from);
    if (grant.until != LedgerModel::never) command.expires_at = at(grant.until);
    transcript_ += " from " + std::to_string(grant.from) + " until " + std::to_string(grant.until) +
                   " priority " + std::to_string(grant.priority);
    const std::string expected = model_.add_grant(grant, amount);
    const std::string found = execute(command);
    if (found == "accepted")
        grant_ids_.push_back(std::get<GrantAdded>(driver_.steps().back().mutation.change).grant.id);
    return found == expected ? "" : "outcome is " + found + ", not " + expected;
}

std::string ModelRunner::authorize(const RawCommand& raw, bool dry_run) {
    const Amounts amounts = amounts_of(raw[1], raw[2], raw[3]);
    const int ttl = 1 + raw[4] % 40;
    transcript_ += dry_run ? "dry_run" : "authorize h" + std::to_string(model_.holds.size());
    Authorize command{
        acme, requested(amounts, raw[5] % 2 == 0), Duration::seconds(ttl), dry_run, "", ""};
    transcript_ += " ttl " + std::to_string(ttl);
    const std::string expected = model_.authorize(amounts, ttl, dry_run);
    const std::string found = execute(command);
    if (found == "accepted" && !dry_run) {
        hold_ids_.push_back(driver_.steps().back().mutation.authorization());
    }
    return found == expected ? "" : "outcome is " + found + ", not " + expected;
}

std::string ModelRunner::debit(const RawCommand& raw) {
    const Amounts amounts = amounts_of(raw[1], raw[2], raw[3]);
    transcript_ += "debit";
    const std::string found = execute(Debit{acme, requested(amounts, raw[5] % 2 == 0), "", ""});
    const std::string expected = model_.debit(amounts);
    return found == expected ? "" : "outcome is " + found + ", not " + expected;
}

std::string ModelRunner::capture(const RawCommand& raw) {
    const int hold = pick(raw[1], hold_ids_.size());
    const bool final = raw[4] % 2 == 0;
    transcript_ += std::string(final ? "capture h" : "capture partial h") + std::to_string(hold);
    Capture command{hold_id(hold), {}, final};
    std::optional<Amounts> amounts;
    if (raw[5] % 4 != 0) {
        amounts = amounts_of(raw[5], raw[2], raw[3]);
        command.amounts = requested(*amounts, raw[4] % 4 < 2);
    }
    const std::string expected = model_.capture(hold, amounts, final);
    const std::string found = execute(command);
    return found == expected ? "" : "outcome is " + found + ", not " + expected;
}

std::string ModelRunner::give_back(const RawCommand& raw) {
    const int hold = pick(raw[1], hold_ids_.size());
    transcript_ += "void h" + std::to_string(hold);
    const std::string expected = model_.give_back(hold);
    const std::string found = execute(Void{hold_id(hold)});
    return found == expected ? "" : "outcome is " + found + ", not " + expected;
}

std::string ModelRunner::increment(const RawCommand& raw) {
    const int hold = pick(raw[1], hold_ids_.size());
    Increment command{hold_id(hold), {}, {}};
    transcript_ += "increment h" + std::to_string(hold);
    Amounts amounts;
    if (raw[4] % 4 != 0) amounts = amounts_of(raw[4], raw[2], raw[3]);
    command.amounts = requested(amounts, raw[5] % 2 == 0);
    std::optional<std::int64_t> ttl;
    if (raw[5] % 2 == 1) ttl = 1 + raw[5] % 60;
    if (ttl) command.ttl = Duration::seconds(*ttl);
    if (ttl) transcript_ += " ttl " + std::to_string(*ttl);
    const std::string expected = model_.increment(hold, amounts, ttl);
    const std::string found = execute(command);
    return found == expected ? "" : "outcome is " + found + ", not " + expected;
}

std::string ModelRunner::revoke(const RawCommand& raw) {
    const int grant = pick(raw[1], grant_ids_.size());
    transcript_ += "revoke g" + std::to_string(grant);
    const std::string expected = model_.revoke(grant);
    const std::string found = execute(RevokeGrant{grant_id(grant)});
    return found == expected ? "" : "outcome is " + found + ", not " + expected;
}

std::string ModelRunner::update(const RawCommand& raw) {
    UpdateWallet command;
    command.wallet = acme;
    std::string expected = "accepted";
    if (raw[1] % 4 == 0) {
        model_.frozen = raw[2] % 3 == 0;
        command.status = model_.frozen ? WalletStatus::frozen : WalletStatus::active;
        transcript_ += model_.frozen ? "freeze" : "unfreeze";
    } else if (raw[1] % 4 == 1) {
        model_.policy = static_cast<LedgerModel::Policy>(raw[2] % 3);
        command.over_capture = static_cast<OverCapture>(raw[2] % 3);
        transcript_ += std::string("policy ") + to_string(*command.over_capture);
    } else {
        const Amounts amounts = amounts_of(raw[1] % 2, raw[2], raw[2]);
        transcript_ += "limit";
        command.overdraft_limits = requested(amounts, false);
        expected = model_.set_limit(amounts.begin()->first, amounts.begin()->second);
    }
    const std::string found = execute(command);
    return found == expected ? "" : "outcome is " + found + ", not " + expected;
}

void ModelRunner::advance(int seconds) {
    transcript_ += "advance " + std::to_string(seconds);
    model_.advance_to(model_.now + seconds);
    driver_.advance_to(at(model_.now));
}

std::string ModelRunner::run(const RawCommand& raw) {
    std::string wrong;
    switch (raw[0] % 16) {
        case 0:
        case 1:
        case 2:
            wrong = add_grant(raw);
            break;
        case 3:
        case 4:
        case 5:
            wrong = authorize(raw, false);
            break;
        case 6:
            wrong = authorize(raw, true);
            break;
        case 7:
            wrong = debit(raw);
            break;
        case 8:
        case 9:
        case 10:
            wrong = capture(raw);
            break;
        case 11:
            wrong = give_back(raw);
            break;
        case 12:
            wrong = increment(raw);
            break;
        case 13:
            wrong = revoke(raw);
            break;
        case 14:
            wrong = update(raw);
            break;
        case 15:
            advance(raw[1] % 25);
            break;
    }
    transcript_ += "\n";
    if (wrong.empty()) wrong = driver_.problem();
    if (wrong.empty()) wrong = compare();
    return wrong;
}

std::string ModelRunner::compare() const {
    const ModelNames names{
        [this](int grant) { return grant_id(grant); },
        [this](std::int64_t seconds) { return at(seconds); }};
    const Wallet& wallet = *driver_.wallet();
    std::string wrong;
    for (int asset = 0; asset < 2; ++asset) {
        wrong += compare_account(model_, wallet, asset) + compare_flows(asset);
    }
    for (const auto& [number, grant] : model_.grants) {
        wrong += compare_grant(model_, number, wallet, names);
    }
    for (const auto& [number, hold] : model_.holds) {
        wrong += compare_hold(model_, number, driver_.authorizations().at(hold_id(number)), names);
    }
    return wrong;
}

std::string ModelRunner::compare_flows(int asset) const {
    const Flows flows = driver_.flows(AssetIndex{static_cast<std::uint32_t>(asset)});
    LedgerModel::Account model;
    if (model_.accounts.count(asset) != 0) model = model_.accounts.at(asset);
    const std::string code = codes[asset];
    return differ(code + " issued", flows.issued, model.issued) +
           differ(code + " revenue", flows.revenue, model.revenue) +
           differ(code + " breakage", flows.breakage, model.breakage);
}

}  // namespace faregate::support
