#include "support/ledger_model.h"

#include <algorithm>
#include <tuple>

namespace faregate::support {

int LedgerModel::Line::held() const {
    int sum = 0;
    for (const auto& [grant, number] : coins) sum += number;
    return sum;
}

int LedgerModel::free(int asset) const {
    int sum = 0;
    for (const auto& [number, grant] : grants) {
        if (grant.asset == asset && grant.status == "active") sum += grant.free;
    }
    return sum;
}

int LedgerModel::held(int asset) const {
    int sum = 0;
    for (const auto& [number, hold] : holds) {
        const auto line = hold.lines.find(asset);
        if (line != hold.lines.end()) sum += line->second.held();
    }
    return sum;
}

int LedgerModel::held_credit(int asset) const {
    int sum = 0;
    for (const auto& [index, hold] : holds) {
        const auto line = hold.lines.find(asset);
        if (line == hold.lines.end()) continue;
        for (const auto& [grant, number] : line->second.coins) {
            if (grant == credit) sum += number;
        }
    }
    return sum;
}

int LedgerModel::available(int asset) const {
    const auto found = accounts.find(asset);
    if (found == accounts.end()) return 0;
    const Account& account = found->second;
    return free(asset) + account.limit - account.spent_credit - held_credit(asset);
}

int LedgerModel::next_to_burn(int asset) const {
    int best = credit;
    for (const auto& [number, grant] : grants) {
        if (grant.asset != asset || grant.status != "active" || grant.free == 0) continue;
        const auto rank = [&](int index) {
            const Grant& each = grants.at(index);
            return std::tuple(each.priority, each.until, each.paid, each.from, index);
        };
        if (best == credit || rank(number) < rank(best)) best = number;
    }
    return best;
}

int LedgerModel::take_coin(int asset) {
    const int grant = next_to_burn(asset);
    if (grant != credit) --grants.at(grant).free;
    return grant;
}

/// A grant keeps its place in a hold, even when all of its coins there were captured.
void LedgerModel::put_coin(Line& line, int grant) {
    if (grant != credit) ++grants.at(grant).pinned;
    for (auto& [owner, number] : line.coins) {
        if (owner != grant) continue;
        ++number;
        return;
    }
    line.coins.emplace_back(grant, 1);
}

/// Spends a coin of the hold, or of the account once the hold is empty.
void LedgerModel::capture_coin(Line& line, int asset) {
    Account& account = accounts[asset];
    ++account.revenue;
    ++line.captured;
    for (auto& [grant, number] : line.coins) {
        if (number == 0) continue;
        --number;
        if (grant == credit) {
            ++account.spent_credit;
        } else {
            --grants.at(grant).pinned;
        }
        return;
    }
    if (take_coin(asset) == credit) ++account.spent_credit;
}

void LedgerModel::release(Hold& hold) {
    for (auto& [asset, line] : hold.lines) {
        for (const auto& [owner, number] : line.coins) {
            if (owner == credit || number == 0) continue;
            Grant& grant = grants.at(owner);
            grant.pinned -= number;
            if (grant.status == "active") {
                grant.free += number;
            } else {
                accounts[asset].breakage += number;
            }
        }
        line.coins.clear();
    }
}

void LedgerModel::close(Hold& hold, const std::string& status) {
    hold.status = status;
    hold.closed = now;
    release(hold);
}

void LedgerModel::forget(std::int64_t time) {
    std::erase_if(holds, [&](const auto& each) {
        return each.second.status != "authorized" && each.second.closed <= time;
    });
    std::erase_if(grants, [](const auto& each) { return each.second.gone(); });
}

void LedgerModel::pay_debts() {
    for (auto& [asset, account] : accounts) {
        while (account.spent_credit > 0 && free(asset) > 0) {
            take_coin(asset);
            --account.spent_credit;
        }
    }
}

void LedgerModel::make_effective(Grant& grant) {
    grant.status = "active";
    grant.free = grant.scheduled;
    grant.scheduled = 0;
    accounts[grant.asset].issued += grant.free;
    pay_debts();
}

void LedgerModel::end(Grant& grant, const std::string& status) {
    grant.status = status;
    accounts[grant.asset].breakage += grant.free;
    grant.free = 0;
    grant.scheduled = 0;
}

std::string LedgerModel::add_grant(Grant grant, int amount) {
    if (amount <= 0) return "invalid_amount";
    if (grant.until <= now || grant.until <= grant.from) return "invalid_expiry";
    grant.status = "scheduled";
    grant.scheduled = amount;
    accounts[grant.asset];
    Grant& added = grants[next_grant++] = grant;
    if (grant.from <= now) make_effective(added);
    return "accepted";
}

std::string LedgerModel::revoke(int index) {
    const auto found = grants.find(index);
    if (found == grants.end()) return "grant_not_found";
    Grant& grant = found->second;
    if (grant.gone()) return "grant_not_found";
    if (grant.status == "expired" || grant.status == "revoked") return "grant_state";
    end(grant, "revoked");
    return "accepted";
}

std::string LedgerModel::admit(const Amounts& amounts) const {
    for (const auto& [asset, amount] : amounts) {
        if (amount <= 0) return "invalid_amount";
    }
    if (frozen) return "wallet_frozen";
    for (const auto& [asset, amount] : amounts) {
        if (amount > available(asset)) return "insufficient_funds";
    }
    return "accepted";
}

std::string LedgerModel::authorize(const Amounts& amounts, std::int64_t ttl, bool dry_run) {
    const std::string outcome = admit(amounts);
    if (outcome != "accepted" || dry_run) return outcome;
    Hold hold;
    hold.until = now + ttl;
    for (const auto& [asset, amount] : amounts) {
        Line& line = hold.lines[asset];
        line.authorized = amount;
        for (int i = 0; i < amount; ++i) put_coin(line, take_coin(asset));
    }
    holds[next_hold++] = std::move(hold);
    return outcome;
}

std::string LedgerModel::debit(const Amounts& amounts) {
    const std::string outcome = admit(amounts);
    if (outcome != "accepted") return outcome;
    for (const auto& [asset, amount] : amounts) {
        for (int i = 0; i < amount; ++i) {
            if (take_coin(asset) == credit) ++accounts[asset].spent_credit;
            ++accounts[asset].revenue;
        }
    }
    return outcome;
}

std::string LedgerModel::check_capture(const Hold& hold, const Amounts& wanted) const {
    if (policy != Policy::reject) return "accepted";
    const bool late = hold.status == "expired";
    std::string outcome = "accepted";
    for (const auto& [asset, amount] : wanted) {
        const Line& line = hold.lines.at(asset);
        const int covered = late ? std::max(line.authorized - line.captured, 0) : line.held();
        if (amount > covered) return "capture_exceeds_hold";
        if (amount - line.held() > std::max(available(asset), 0)) outcome = "insufficient_funds";
    }
    return outcome;
}

std::string LedgerModel::capture(int index, std::optional<Amounts> amounts, bool final) {
    const auto found = holds.find(index);
    if (found == holds.end()) return "authorization_not_found";
    Hold& hold = found->second;
    Amounts wanted;
    for (const auto& [asset, amount] : amounts.value_or(Amounts{})) {
        if (hold.lines.count(asset) == 0) return "asset_not_held";
    }
    for (const auto& [asset, amount] : amounts.value_or(Amounts{})) {
        if (amount < 0) return "invalid_amount";
        wanted[asset] = amount;
    }
    const bool late = hold.status == "expired";
    if (hold.status != "authorized" && (!late || hold.settled)) return "authorization_state";
    for (const auto& [asset, line] : hold.lines) {
        if (amounts) break;
        wanted[asset] = late ? std::max(line.authorized - line.captured, 0) : line.held();
    }
    const std::string outcome = check_capture(hold, wanted);
    if (outcome != "accepted") return outcome;

    for (const auto& [asset, amount] : wanted) {
        Line& line = hold.lines[asset];
        for (int i = 0; i < amount; ++i) {
            const bool there = line.held() > 0 || available(asset) > 0 || policy == Policy::debt;
            if (there) capture_coin(line, asset);
        }
    }
    if (late) hold.late = true;
    if (late && final) hold.settled = true;
    if (!late && final) {
        close(hold, "captured");
    }
    pay_debts();
    return "accepted";
}

std::string LedgerModel::give_back(int index) {
    const auto found = holds.find(index);
    if (found == holds.end()) return "authorization_not_found";
    Hold& hold = found->second;
    if (hold.status != "authorized") return "authorization_state";
    close(hold, "voided");
    pay_debts();
    return "accepted";
}

std::string LedgerModel::increment(
    int index, const Amounts& amounts, std::optional<std::int64_t> ttl
) {
    const auto found = holds.find(index);
    if (found == holds.end()) return "authorization_not_found";
    Hold& hold = found->second;
    for (const auto& [asset, amount] : amounts) {
        if (hold.lines.count(asset) == 0) return "asset_not_held";
    }
    for (const auto& [asset, amount] : amounts) {
        if (amount <= 0) return "invalid_amount";
    }
    if (frozen) return "wallet_frozen";
    if (hold.status != "authorized") return "authorization_state";
    for (const auto& [asset, amount] : amounts) {
        if (amount > available(asset)) return "insufficient_funds";
    }
    for (const auto& [asset, amount] : amounts) {
        hold.lines[asset].authorized += amount;
        for (int i = 0; i < amount; ++i) put_coin(hold.lines[asset], take_coin(asset));
    }
    if (ttl) hold.until = std::max(hold.until, now + *ttl);
    return "accepted";
}

std::string LedgerModel::set_limit(int asset, int limit) {
    if (limit < 0) return "invalid_amount";
    Account& account = accounts[asset];
    const int drawn = account.spent_credit + held_credit(asset);
    if (limit < account.limit && limit < drawn) return "overdraft_in_use";
    account.limit = limit;
    return "accepted";
}

/// Lets the earliest thing happen that is due; false if nothing is. At one moment grants become
/// effective first, then holds end, then grants.
bool LedgerModel::next_event() {
    std::vector<std::tuple<std::int64_t, int, int>> due;
    for (const auto& [number, grant] : grants) {
        if (grant.status == "scheduled") due.emplace_back(grant.from, 0, number);
        if (grant.status == "active") due.emplace_back(grant.until, 2, number);
    }
    for (const auto& [number, hold] : holds) {
        if (hold.status == "authorized") due.emplace_back(hold.until, 1, number);
    }
    if (due.empty()) return false;
    const auto [at, kind, index] = *std::min_element(due.begin(), due.end());
    if (at > now) return false;
    if (kind == 0) make_effective(grants[index]);
    if (kind == 2) end(grants[index], "expired");
    if (kind != 1) return true;
    close(holds[index], "expired");
    pay_debts();
    return true;
}

void LedgerModel::advance_to(std::int64_t time) {
    now = time;
    while (next_event()) {
    }
}

}  // namespace faregate::support
