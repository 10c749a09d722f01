#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstddef>
#include <cstdint>
#include <string>
#include <tuple>

#include "faregate/engine/projection.h"
#include "faregate/engine/record.h"

namespace faregate::engine {

/// Turns a run of consecutive records into one batch of rows. What a record does to a row it shares
/// with an earlier record of the batch is added to that row.
class ProjectionBuilder {
  public:
    /// Precondition: `lsn` follows the one before.
    void add(Lsn lsn, Record record);
    /// Of the record that was added last.
    void set_last_hash(std::string hash) { batch_.last_hash = std::move(hash); }

    const ProjectionBatch& batch() const noexcept { return batch_; }
    void clear();

  private:
    using Index = std::size_t;

    WalletRow& wallet_row(const WalletId& wallet, Lsn lsn);
    BalanceRow& balance_row(const WalletId& wallet, ledger::AssetIndex asset, Lsn lsn);
    GrantRow& grant_row(GrantId id, Lsn lsn);
    AuthorizationRow& authorization_row(AuthorizationId id, Lsn lsn);
    HoldLineRow& hold_line_row(AuthorizationId id, ledger::AssetIndex asset);
    HoldPartRow& hold_part_row(
        AuthorizationId id, const ledger::Posting& posting, Lsn lsn, std::uint32_t sequence
    );

    void add_change(ledger::Mutation& mutation, Lsn lsn);
    void add_change(const ledger::WalletUpdated& change, const WalletId& wallet, Lsn lsn);
    void add_side(
        const ledger::Mutation& mutation, const ledger::Posting& posting, ledger::Side side,
        Amount amount, Lsn lsn, std::uint32_t sequence
    );
    void add_held(
        AuthorizationId authorization, const ledger::Posting& posting, BalanceRow& balance,
        Amount amount, Lsn lsn, std::uint32_t sequence
    );

    template <typename Key>
    struct KeyHash {
        std::size_t operator()(const Key& key) const noexcept;
    };
    using BalanceKey = std::pair<std::string, std::uint32_t>;
    using LineKey = std::pair<AuthorizationId, std::uint32_t>;
    using PartKey = std::tuple<AuthorizationId, std::uint32_t, GrantId>;

    ProjectionBatch batch_;
    boost::unordered_flat_map<std::string, Index> wallets_;
    boost::unordered_flat_map<BalanceKey, Index, KeyHash<BalanceKey>> balances_;
    boost::unordered_flat_map<GrantId, Index, UidHash> grants_;
    boost::unordered_flat_map<AuthorizationId, Index, UidHash> authorizations_;
    boost::unordered_flat_map<LineKey, Index, KeyHash<LineKey>> hold_lines_;
    boost::unordered_flat_map<PartKey, Index, KeyHash<PartKey>> hold_parts_;
};

}  // namespace faregate::engine
