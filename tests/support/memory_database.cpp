#include "support/memory_database.h"

#include <algorithm>
#include <utility>

namespace faregate::support {

using namespace ledger;
using namespace engine;

namespace {

tl::unexpected<Error> broken(const std::string& what) {
    return failure(ErrorCode::corruption, "constraint: " + what);
}

Status require(bool condition, const std::string& what) {
    if (!condition) return broken(what);
    return {};
}

MemoryDatabase::StoredLine* find_line(
    MemoryDatabase::StoredAuthorization& authorization, AssetIndex asset
) {
    for (auto& stored : authorization.lines) {
        if (stored.line.asset == asset) return &stored;
    }
    return nullptr;
}

}  // namespace

Status MemoryDatabase::merge(const ProjectionBatch& batch) {
    broken_off = true;
    for (const Asset& asset : batch.assets) {
        FG_TRY(require(asset.index.value == assets.size(), "assets without gaps"));
        assets.push_back(asset);
    }
    FG_TRY(merge_wallets(batch));
    FG_TRY(merge_balances(batch));
    FG_TRY(merge_grants(batch));
    FG_TRY(merge_authorizations(batch));
    FG_TRY(merge_holds(batch));
    FG_TRY(close_authorizations(batch));
    FG_TRY(merge_rest(batch));
    broken_off = false;
    return {};
}

Status MemoryDatabase::merge_wallets(const ProjectionBatch& batch) {
    for (const WalletRow& row : batch.wallets) {
        Wallet wallet;
        if (row.created) {
            const bool complete = row.status && row.over_capture && row.name && row.metadata;
            FG_TRY(require(complete, "a created wallet has all members"));
            FG_TRY(require(wallets.count(row.wallet.text()) == 0, "wallets are unique"));
            wallet.id = row.wallet;
            wallet.created_at = row.created_at;
        } else {
            const auto found = wallets.find(row.wallet.text());
            FG_TRY(require(found != wallets.end(), "a changed wallet exists"));
            wallet = found->second;
            FG_TRY(require(wallet.lsn < row.lsn, "a wallet's LSN rises"));
        }
        wallet.status = row.status.value_or(wallet.status);
        wallet.over_capture = row.over_capture.value_or(wallet.over_capture);
        wallet.set_labels(
            row.name.value_or(wallet.name()), row.metadata.value_or(wallet.metadata())
        );
        wallet.lsn = row.lsn;
        wallets[row.wallet.text()] = wallet;
    }
    return {};
}

Status MemoryDatabase::merge_balances(const ProjectionBatch& batch) {
    for (const BalanceRow& row : batch.balances) {
        FG_TRY(require(wallets.count(row.wallet.text()) != 0, "a balance has its wallet"));
        FG_TRY(require(row.asset.value < assets.size(), "a balance has its asset"));
        Balance& balance = balances[{row.wallet.text(), row.asset}];
        balance.account.asset = row.asset;
        balance.account.posted += row.posted;
        balance.account.held += row.held;
        balance.account.debt += row.debt;
        balance.account.overdraft_held += row.overdraft_held;
        balance.issued += row.issued;
        balance.revenue += row.revenue;
        balance.breakage += row.breakage;
        if (row.overdraft_limit) balance.account.overdraft_limit = *row.overdraft_limit;
        balance.lsn = row.lsn;
        const Account& account = balance.account;
        const bool sound = !account.held.is_negative() && !account.debt.is_negative() &&
                           !account.overdraft_held.is_negative() &&
                           account.overdraft_held <= account.held &&
                           account.overdraft_held <= account.debt;
        FG_TRY(require(sound, "the parts of a balance are not negative"));
        FG_TRY(require(
            balance.issued == account.posted + balance.revenue + balance.breakage,
            "issued = posted + revenue + breakage"
        ));
    }
    return {};
}

Status MemoryDatabase::merge_grants(const ProjectionBatch& batch) {
    for (const GrantRow& row : batch.grants) {
        if (row.added) {
            FG_TRY(require(grants.count(row.id) == 0, "grants are unique"));
            FG_TRY(require(row.status.has_value(), "an added grant has a status"));
            StoredGrant added{row.added->wallet,     row.added->grant,    row.added->amount,
                              row.added->created_at, row.added->metadata, row.lsn};
            added.grant.remaining = {};
            added.grant.held = {};
            grants[row.id] = added;
        }
        const auto found = grants.find(row.id);
        FG_TRY(require(found != grants.end(), "a changed grant exists"));
        Grant& grant = found->second.grant;
        grant.remaining += row.remaining;
        grant.held += row.held;
        if (row.status) grant.status = *row.status;
        found->second.lsn = row.lsn;
        const bool sound = !grant.held.is_negative() && grant.held <= grant.remaining &&
                           grant.remaining <= found->second.amount;
        FG_TRY(require(sound, "0 <= held <= remaining <= amount"));
    }
    return {};
}

Status MemoryDatabase::merge_authorizations(const ProjectionBatch& batch) {
    for (const AuthorizationRow& row : batch.authorizations) {
        if (row.opened) {
            FG_TRY(require(authorizations.count(row.id) == 0, "authorizations are unique"));
            Authorization opened;
            opened.id = row.id;
            opened.wallet = row.opened->wallet;
            opened.created_at = row.opened->created_at;
            opened.description = row.opened->description;
            opened.metadata = row.opened->metadata;
            authorizations[row.id].authorization = opened;
        }
        const auto found = authorizations.find(row.id);
        FG_TRY(require(found != authorizations.end(), "a changed authorization exists"));
        Authorization& authorization = found->second.authorization;
        found->second.lsn = row.lsn;
        if (!row.opened && !row.status_changed) continue;
        authorization.status = row.status;
        authorization.late = row.late;
        authorization.settled = row.settled;
        authorization.expires_at = row.expires_at;
        authorization.closed_at = row.closed_at;
        FG_TRY(require(
            authorization.is_open() == authorization.closed_at.is_never(),
            "a closed authorization says when, an open one does not"
        ));
        const bool may_be_late = authorization.status == AuthorizationStatus::expired;
        FG_TRY(require(
            may_be_late || (!authorization.late && !authorization.settled),
            "late authorizations have expired"
        ));
    }
    return {};
}

Status MemoryDatabase::merge_holds(const ProjectionBatch& batch) {
    for (const HoldLineRow& row : batch.hold_lines) {
        const auto found = authorizations.find(row.authorization);
        FG_TRY(require(found != authorizations.end(), "a line has its authorization"));
        StoredLine* stored = find_line(found->second, row.asset);
        if (stored == nullptr) {
            found->second.lines.emplace_back();
            stored = &found->second.lines.back();
            stored->line.asset = row.asset;
        }
        stored->line.authorized += row.authorized;
        stored->line.captured += row.captured;
        stored->line.held += row.held;
        const bool sound =
            !stored->line.held.is_negative() && stored->line.held <= stored->line.authorized;
        FG_TRY(require(sound, "0 <= held <= authorized"));
    }
    for (const HoldPartRow& row : batch.hold_parts) {
        const auto found = authorizations.find(row.authorization);
        FG_TRY(require(found != authorizations.end(), "a part has its authorization"));
        StoredLine* stored = find_line(found->second, row.asset);
        FG_TRY(require(stored != nullptr, "a part has its line"));
        auto part = std::find_if(stored->parts.begin(), stored->parts.end(), [&](const auto& each) {
            return each.part.grant == row.grant;
        });
        if (part == stored->parts.end()) {
            part = stored->parts.insert(
                part, StoredPart{HoldPart{row.grant, {}}, row.lsn, row.sequence}
            );
        }
        part->part.amount += row.amount;
        FG_TRY(require(!part->part.amount.is_negative(), "a part is not negative"));
    }
    return {};
}

Status MemoryDatabase::close_authorizations(const ProjectionBatch& batch) {
    for (const AuthorizationRow& row : batch.authorizations) {
        StoredAuthorization& stored = authorizations.at(row.id);
        if (stored.authorization.is_open()) continue;
        for (StoredLine& line : stored.lines) {
            FG_TRY(require(line.line.held.is_zero(), "a closed authorization holds nothing"));
            line.parts.clear();
        }
    }
    return {};
}

Status MemoryDatabase::merge_rest(const ProjectionBatch& batch) {
    for (const DebitRow& row : batch.debits) {
        FG_TRY(require(debits.emplace(row.id, row).second, "debits are unique"));
    }
    for (const IdempotencyRow& row : batch.idempotency) {
        idempotency[{row.wallet.text(), row.key.digest}] = row;
    }
    for (const EntryRow& row : batch.entries) {
        const bool added = entries.emplace(std::pair(row.lsn, row.sequence), row).second;
        FG_TRY(require(added && row.amount.is_positive(), "entries are unique and move something"));
    }
    return {};
}

std::optional<IdempotencyRow> MemoryDatabase::answer(Lsn lsn) const {
    for (const auto& [key, row] : idempotency) {
        if (row.lsn == lsn) return row;
    }
    return std::nullopt;
}

Status MemoryDatabase::load(Duration kept, StateSink& sink) const {
    const Timestamp last_at = owner ? owner->last_at : Timestamp{};
    const Timestamp since{last_at.microseconds - kept.microseconds};
    for (const Asset& asset : assets) sink.add_asset(asset);
    load_wallets(sink);
    load_authorizations(since, sink);
    std::vector<IdempotencyRow> rows;
    for (const auto& [key, row] : idempotency) {
        if (row.at >= since) rows.push_back(row);
    }
    std::sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.lsn < b.lsn; });
    for (IdempotencyRow& row : rows) {
        row.receipt.clear();
        sink.add_idempotency(std::move(row));
    }
    sink.set_last_at(last_at);
    return {};
}

void MemoryDatabase::load_wallets(StateSink& sink) const {
    std::map<std::string, Wallet> loaded = wallets;
    for (const auto& [key, balance] : balances) {
        loaded.at(key.first).account(key.second) = balance.account;
    }
    for (const auto& [id, stored] : grants) {
        Grant grant = stored.grant;
        if (grant.status == GrantStatus::scheduled) grant.remaining = stored.amount;
        if (!grant.remaining.is_zero()) loaded.at(stored.wallet.text()).insert_grant(grant);
    }
    for (auto& [id, wallet] : loaded) sink.add_wallet(std::move(wallet));
}

void MemoryDatabase::load_authorizations(Timestamp since, StateSink& sink) const {
    for (const auto& [id, stored] : authorizations) {
        Authorization authorization = stored.authorization;
        if (!authorization.is_open() && authorization.closed_at < since) continue;
        for (StoredLine line : stored.lines) {
            std::sort(line.parts.begin(), line.parts.end(), [](const auto& a, const auto& b) {
                return std::tie(a.lsn, a.sequence) < std::tie(b.lsn, b.sequence);
            });
            for (const StoredPart& part : line.parts) line.line.parts.push_back(part.part);
            authorization.lines.push_back(line.line);
        }
        sink.add_authorization(std::move(authorization));
    }
}

std::string MemoryDatabase::audit() const {
    if (broken_off) return "a batch was merged in part";
    std::map<std::pair<BalanceKey, Side>, Amount> sides;
    for (const auto& [key, entry] : entries) {
        const BalanceKey account{entry.wallet.text(), entry.asset};
        sides[{account, entry.source}] -= entry.amount;
        sides[{account, entry.destination}] += entry.amount;
    }
    std::map<BalanceKey, Amount> pinned;
    std::map<BalanceKey, Amount> remaining;
    for (const auto& [id, stored] : grants) {
        const BalanceKey key{stored.wallet.text(), stored.grant.asset};
        remaining[key] += stored.grant.remaining;
    }
    for (const auto& [id, stored] : authorizations) {
        const std::string& wallet = stored.authorization.wallet.text();
        for (const StoredLine& line : stored.lines) {
            Amount parts;
            for (const StoredPart& part : line.parts) parts += part.part.amount;
            if (parts != line.line.held) return id.text() + ": parts do not add up to the hold";
            pinned[{wallet, line.line.asset}] += parts;
        }
    }
    for (const auto& [key, balance] : balances) {
        const Account& account = balance.account;
        const auto side = [&, &key = key](Side which) { return sides[{key, which}]; };
        const bool same =
            account.posted == side(Side::available) + side(Side::held) + side(Side::debt) &&
            account.held == side(Side::held) && account.debt == -side(Side::debt) &&
            balance.issued == -side(Side::issued) && balance.revenue == side(Side::revenue) &&
            balance.breakage == side(Side::breakage);
        if (!same) return key.first + ": the entries do not add up to the balance";
        if (account.held != pinned[key]) return key.first + ": held is not the sum of the holds";
        const Amount by_grants = remaining[key] + account.overdraft_held - account.debt;
        if (account.posted != by_grants) return key.first + ": posted is not the sum of the grants";
    }
    return {};
}

}  // namespace faregate::support
