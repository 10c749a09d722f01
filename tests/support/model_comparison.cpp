#include "support/model_comparison.h"

namespace faregate::support {

using namespace ledger;

std::string differ(const std::string& what, Amount found, int expected) {
    if (found == Amount::from_units(expected)) return {};
    return what + " is " + found.to_string(0) + ", not " + std::to_string(expected) + "\n";
}

std::string compare_account(const LedgerModel& model, const Wallet& wallet, int asset) {
    const Account* found = wallet.find_account(AssetIndex{static_cast<std::uint32_t>(asset)});
    const Account account = found == nullptr ? Account{} : *found;
    LedgerModel::Account expected;
    if (model.accounts.count(asset) != 0) expected = model.accounts.at(asset);
    const int held = model.held(asset);
    const int held_credit = model.held_credit(asset);
    const int posted = model.free(asset) + held - expected.spent_credit - held_credit;
    const std::string name = "asset " + std::to_string(asset);
    return differ(name + " posted", account.posted, posted) +
           differ(name + " held", account.held, held) +
           differ(name + " available", account.available(), model.available(asset)) +
           differ(name + " debt", account.debt, expected.spent_credit + held_credit) +
           differ(name + " overdraft_held", account.overdraft_held, held_credit) +
           differ(name + " limit", account.overdraft_limit, expected.limit);
}

std::string compare_grant(
    const LedgerModel& model, int number, const Wallet& wallet, const ModelNames& names
) {
    const LedgerModel::Grant& expected = model.grants.at(number);
    const Grant* grant = wallet.find_grant(names.grant(number));
    const std::string name = "g" + std::to_string(number);
    if (grant == nullptr || expected.gone()) {
        return (grant == nullptr) == expected.gone() ? "" : name + " is gone for one of them\n";
    }
    if (to_string(grant->status) != expected.status) {
        return name + " is " + to_string(grant->status) + ", not " + expected.status + "\n";
    }
    return differ(
               name + " remaining", grant->remaining,
               expected.free + expected.pinned + expected.scheduled
           ) +
           differ(name + " held", grant->held, expected.pinned);
}

std::string compare_hold(
    const LedgerModel& model, int number, const Authorization& hold, const ModelNames& names
) {
    const LedgerModel::Hold& expected = model.holds.at(number);
    const std::string name = "h" + std::to_string(number);
    const bool same = to_string(hold.status) == expected.status && hold.late == expected.late &&
                      hold.settled == expected.settled &&
                      hold.expires_at == names.time(expected.until) &&
                      hold.lines.size() == expected.lines.size();
    std::string wrong =
        same ? "" : name + " is " + to_string(hold.status) + ", not " + expected.status + "\n";
    for (const auto& [asset, line_expected] : expected.lines) {
        const HoldLine* line = hold.find_line(AssetIndex{static_cast<std::uint32_t>(asset)});
        if (line == nullptr) return wrong + name + " lacks a line\n";
        wrong += differ(name + " authorized", line->authorized, line_expected.authorized) +
                 differ(name + " captured", line->captured, line_expected.captured) +
                 differ(name + " held", line->held, line_expected.held());
        for (std::size_t i = 0; i < line_expected.coins.size(); ++i) {
            const auto& [owner, count] = line_expected.coins[i];
            const GrantId id = owner == LedgerModel::credit ? GrantId{} : names.grant(owner);
            const bool there = i < line->parts.size() && line->parts[i].grant == id;
            if (!there) return wrong + name + " has its parts in another order\n";
            wrong += differ(name + " part", line->parts[i].amount, count);
        }
    }
    return wrong;
}

}  // namespace faregate::support
