#include "engine/wallet_table.h"

#include <utility>

namespace faregate::engine {

using ledger::Wallet;

WalletTable::Node* WalletTable::first(WalletHash hash) const {
    const auto found = nodes_.find(hash);
    return found == nodes_.end() ? nullptr : found->second.get();
}

Wallet* WalletTable::find(const WalletId& id) const {
    for (Node* node = first(id.hash()); node != nullptr; node = node->next.get()) {
        if (node->wallet.id == id) return &node->wallet;
    }
    return nullptr;
}

Wallet* WalletTable::find_owner(GrantId grant) const {
    const WalletHash hash = grant.uid.wallet_hash();
    for (Node* node = first(hash); node != nullptr; node = node->next.get()) {
        if (node->wallet.find_grant(grant) != nullptr) return &node->wallet;
    }
    return nullptr;
}

Wallet* WalletTable::insert(Wallet wallet) {
    if (find(wallet.id) != nullptr) return nullptr;
    std::unique_ptr<Node>& place = nodes_[wallet.id.hash()];
    place = std::make_unique<Node>(Node{std::move(wallet), std::move(place)});
    ++size_;
    return &place->wallet;
}

std::vector<const Wallet*> WalletTable::all() const {
    std::vector<const Wallet*> wallets;
    wallets.reserve(size_);
    for (const auto& [hash, head] : nodes_) {
        for (const Node* node = head.get(); node != nullptr; node = node->next.get()) {
            wallets.push_back(&node->wallet);
        }
    }
    return wallets;
}

}  // namespace faregate::engine
