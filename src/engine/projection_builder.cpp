#include "engine/projection_builder.h"

#include <algorithm>
#include <boost/container_hash/hash.hpp>
#include <utility>

#include "faregate/core/assert.h"

namespace faregate::engine {

using namespace ledger;

namespace {

/// The row of `key`, made by `make` if the batch has none yet.
template <typename Map, typename Key, typename Row, typename Make>
Row& row_of(Map& index, const Key& key, std::vector<Row>& rows, Make make) {
    const auto [found, added] = index.try_emplace(key, rows.size());
    if (added) rows.push_back(make());
    return rows[found->second];
}

void hash_part(std::size_t& seed, const std::string& text) { boost::hash_combine(seed, text); }
void hash_part(std::size_t& seed, std::uint32_t number) { boost::hash_combine(seed, number); }
template <typename Kind>
void hash_part(std::size_t& seed, TypedId<Kind> id) {
    boost::hash_combine(seed, UidHash{}(id));
}

/// A hold that expired ended when it was due, also where the mutation is a late capture of it.
Timestamp closed_at(const AuthorizationChanged& change, Timestamp at) {
    switch (change.status) {
        case AuthorizationStatus::authorized:
            return Timestamp::never();
        case AuthorizationStatus::expired:
            return change.expires_at;
        case AuthorizationStatus::captured:
        case AuthorizationStatus::voided:
            break;
    }
    return at;
}

}  // namespace

template <typename Key>
std::size_t ProjectionBuilder::KeyHash<Key>::operator()(const Key& key) const noexcept {
    std::size_t seed = 0;
    std::apply([&](const auto&... part) { (hash_part(seed, part), ...); }, key);
    return seed;
}

void ProjectionBuilder::clear() {
    batch_ = {};
    wallets_.clear();
    balances_.clear();
    grants_.clear();
    authorizations_.clear();
    hold_lines_.clear();
    hold_parts_.clear();
}

void ProjectionBuilder::add(Lsn lsn, Record record) {
    FG_ASSERT(batch_.empty() || lsn == batch_.last.next(), "records of a batch are consecutive");
    if (batch_.empty()) batch_.first = lsn;
    batch_.last = lsn;
    Mutation& mutation = record.mutation;
    batch_.last_at = std::max(batch_.last_at, mutation.at);

    if (record.key) {
        batch_.idempotency.push_back(IdempotencyRow{
            mutation.wallet, *record.key, mutation.at, lsn, std::move(record.receipt_bytes)});
    }
    DebitId debit;
    if (const auto* posted = std::get_if<DebitPosted>(&mutation.change)) debit = posted->debit;
    if (!mutation.wallet.text().empty()) wallet_row(mutation.wallet, lsn);
    add_change(mutation, lsn);

    std::uint32_t sequence = 0;
    for (const Posting& posting : mutation.postings) {
        batch_.entries.push_back(EntryRow{
            lsn, sequence, mutation.at, mutation.wallet, posting.asset, posting.source,
            posting.destination, posting.amount, posting.grant, mutation.authorization(), debit});
        add_side(mutation, posting, posting.source, -posting.amount, lsn, sequence);
        add_side(mutation, posting, posting.destination, posting.amount, lsn, sequence);
        ++sequence;
    }
}

void ProjectionBuilder::add_change(Mutation& mutation, Lsn lsn) {
    if (auto* asset = std::get_if<AssetCreated>(&mutation.change)) {
        asset->asset.lsn = lsn;
        batch_.assets.push_back(std::move(asset->asset));
    } else if (auto* wallet = std::get_if<WalletCreated>(&mutation.change)) {
        WalletRow& row = wallet_row(mutation.wallet, lsn);
        row.created = true;
        row.created_at = mutation.at;
        row.status = WalletStatus::active;
        row.over_capture = wallet->over_capture;
        row.name = std::move(wallet->name);
        row.metadata = std::move(wallet->metadata);
    } else if (const auto* updated = std::get_if<WalletUpdated>(&mutation.change)) {
        add_change(*updated, mutation.wallet, lsn);
    } else if (auto* grant = std::get_if<GrantAdded>(&mutation.change)) {
        grant->grant.lsn = lsn;
        GrantRow& row = grant_row(grant->grant.id, lsn);
        row.added = GrantRow::Added{
            mutation.wallet, grant->grant, grant->grant.remaining, mutation.at,
            std::move(grant->metadata)};
        row.status = grant->grant.status;
        balance_row(mutation.wallet, grant->grant.asset, lsn);
    } else if (const auto* changed = std::get_if<GrantChanged>(&mutation.change)) {
        grant_row(changed->grant, lsn).status = changed->status;
    } else if (auto* opened = std::get_if<AuthorizationOpened>(&mutation.change)) {
        AuthorizationRow& row = authorization_row(opened->authorization, lsn);
        row.opened = AuthorizationRow::Opened{
            mutation.wallet, mutation.at, std::move(opened->description),
            std::move(opened->metadata)};
        row.expires_at = opened->expires_at;
    } else if (const auto* change = std::get_if<AuthorizationChanged>(&mutation.change)) {
        AuthorizationRow& row = authorization_row(change->authorization, lsn);
        row.closed_at = closed_at(*change, mutation.at);
        row.status = change->status;
        row.expires_at = change->expires_at;
        row.late = change->late;
        row.settled = change->settled;
        row.status_changed = true;
    } else if (auto* debit = std::get_if<DebitPosted>(&mutation.change)) {
        batch_.debits.push_back(DebitRow{
            debit->debit, mutation.wallet, mutation.at, std::move(debit->description),
            std::move(debit->metadata), lsn});
    }
}

void ProjectionBuilder::add_change(const WalletUpdated& change, const WalletId& wallet, Lsn lsn) {
    WalletRow& row = wallet_row(wallet, lsn);
    if (change.status) row.status = change.status;
    if (change.over_capture) row.over_capture = change.over_capture;
    if (change.name) row.name = change.name;
    if (change.metadata) row.metadata = change.metadata;
    for (const OverdraftLimit& limit : change.overdraft_limits) {
        balance_row(wallet, limit.asset, lsn).overdraft_limit = limit.limit;
    }
}

void ProjectionBuilder::add_side(
    const Mutation& mutation, const Posting& posting, Side side, Amount amount, Lsn lsn,
    std::uint32_t sequence
) {
    BalanceRow& balance = balance_row(mutation.wallet, posting.asset, lsn);
    switch (side) {
        case Side::issued:
            balance.issued -= amount;
            break;
        case Side::breakage:
            balance.breakage += amount;
            break;
        case Side::revenue: {
            balance.revenue += amount;
            const AuthorizationId id = mutation.authorization();
            if (!id.is_nil()) hold_line_row(id, posting.asset).captured += amount;
            break;
        }
        case Side::available:
            balance.posted += amount;
            grant_row(posting.grant, lsn).remaining += amount;
            break;
        case Side::held:
            add_held(mutation.authorization(), posting, balance, amount, lsn, sequence);
            break;
        case Side::debt:
            balance.posted += amount;
            balance.debt -= amount;
            break;
    }
}

void ProjectionBuilder::add_held(
    AuthorizationId authorization, const Posting& posting, BalanceRow& balance, Amount amount,
    Lsn lsn, std::uint32_t sequence
) {
    balance.posted += amount;
    balance.held += amount;
    if (posting.grant.is_nil()) {
        balance.overdraft_held += amount;
    } else {
        GrantRow& grant = grant_row(posting.grant, lsn);
        grant.remaining += amount;
        grant.held += amount;
    }
    HoldLineRow& line = hold_line_row(authorization, posting.asset);
    line.held += amount;
    if (amount.is_positive()) line.authorized += amount;
    hold_part_row(authorization, posting, lsn, sequence).amount += amount;
}

WalletRow& ProjectionBuilder::wallet_row(const WalletId& wallet, Lsn lsn) {
    WalletRow& row = row_of(wallets_, wallet.text(), batch_.wallets, [&] {
        WalletRow made;
        made.wallet = wallet;
        return made;
    });
    row.lsn = lsn;
    return row;
}

BalanceRow& ProjectionBuilder::balance_row(const WalletId& wallet, AssetIndex asset, Lsn lsn) {
    const BalanceKey key{wallet.text(), asset.value};
    BalanceRow& row = row_of(balances_, key, batch_.balances, [&] {
        BalanceRow made;
        made.wallet = wallet;
        made.asset = asset;
        return made;
    });
    row.lsn = lsn;
    return row;
}

GrantRow& ProjectionBuilder::grant_row(GrantId id, Lsn lsn) {
    GrantRow& row = row_of(grants_, id, batch_.grants, [&] {
        GrantRow made;
        made.id = id;
        return made;
    });
    row.lsn = lsn;
    return row;
}

AuthorizationRow& ProjectionBuilder::authorization_row(AuthorizationId id, Lsn lsn) {
    AuthorizationRow& row = row_of(authorizations_, id, batch_.authorizations, [&] {
        AuthorizationRow made;
        made.id = id;
        return made;
    });
    row.lsn = lsn;
    return row;
}

HoldLineRow& ProjectionBuilder::hold_line_row(AuthorizationId id, AssetIndex asset) {
    return row_of(hold_lines_, LineKey{id, asset.value}, batch_.hold_lines, [&] {
        HoldLineRow made;
        made.authorization = id;
        made.asset = asset;
        return made;
    });
}

HoldPartRow& ProjectionBuilder::hold_part_row(
    AuthorizationId id, const Posting& posting, Lsn lsn, std::uint32_t sequence
) {
    const PartKey key{id, posting.asset.value, posting.grant};
    return row_of(hold_parts_, key, batch_.hold_parts, [&] {
        HoldPartRow made;
        made.authorization = id;
        made.asset = posting.asset;
        made.grant = posting.grant;
        made.lsn = lsn;
        made.sequence = sequence;
        return made;
    });
}

}  // namespace faregate::engine
