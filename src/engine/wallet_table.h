#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstddef>
#include <memory>
#include <vector>

#include "faregate/core/id.h"
#include "faregate/ledger/wallet.h"

namespace faregate::engine {

/// Wallets by the hash of their id, which is also in the ids of their grants: one index finds them
/// by either, in few bytes. Wallets keep their addresses. Not synchronized: belongs to its stripe.
class WalletTable {
  public:
    ledger::Wallet* find(const WalletId& id) const;
    /// The wallet that has this grant in memory, or null.
    ledger::Wallet* find_owner(GrantId grant) const;
    /// Null if there is a wallet of that id.
    ledger::Wallet* insert(ledger::Wallet wallet);

    std::size_t size() const noexcept { return size_; }
    std::vector<const ledger::Wallet*> all() const;

  private:
    struct Node {
        ledger::Wallet wallet;
        std::unique_ptr<Node> next;  ///< of the same hash, which is rare
    };

    Node* first(WalletHash hash) const;

    boost::unordered_flat_map<WalletHash, std::unique_ptr<Node>> nodes_;
    std::size_t size_ = 0;
};

}  // namespace faregate::engine
