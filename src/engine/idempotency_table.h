#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <string>

#include "faregate/core/lsn.h"
#include "faregate/core/time.h"
#include "faregate/engine/idempotency.h"
#include "faregate/ledger/wallet.h"

namespace faregate::engine {

/// The answers that were given under idempotency keys, per wallet (null for assets).
/// Whether a key still counts depends on its age alone, not on when old ones were cleared away.
/// Not synchronized: belongs to its stripe.
class IdempotencyTable {
  public:
    struct Entry {
        std::array<std::uint8_t, 16> fingerprint{};
        Lsn lsn;
        Timestamp at;
        std::string receipt;  ///< bytes of encode_receipt
    };

    explicit IdempotencyTable(Duration retention) : retention_(retention) {}

    /// The answer under this key, or null if there is none or it is too old.
    const Entry* find(const ledger::Wallet* wallet, const IdempotencyKey& key, Timestamp now)
        const {
        const auto found = entries_.find(Slot{wallet, key.digest});
        if (found == entries_.end() || found->second.at + retention_ <= now) return nullptr;
        return &found->second;
    }

    /// The wallet that has answered exactly this request under this key, or null. A request that
    /// names an authorization or a grant has no other way to its wallet once that has left memory.
    const ledger::Wallet* find_wallet(const IdempotencyKey& key, Timestamp now) const {
        const auto found = wallets_.find(request_of(key.digest, key.fingerprint));
        if (found == wallets_.end()) return nullptr;
        const Entry* entry = find(found->second, key, now);
        const bool same = entry != nullptr && entry->fingerprint == key.fingerprint;
        return same ? found->second : nullptr;
    }

    void insert(const ledger::Wallet* wallet, const IdempotencyKey& key, Entry entry) {
        forget(entry.at);
        const Slot slot{wallet, key.digest};
        ages_.push_back(Age{entry.at, slot});
        if (wallet != nullptr) wallets_[request_of(key.digest, key.fingerprint)] = wallet;
        entries_.insert_or_assign(slot, std::move(entry));
    }

    std::size_t size() const noexcept { return entries_.size(); }

  private:
    struct Slot {
        const ledger::Wallet* wallet = nullptr;
        std::array<std::uint8_t, 16> digest{};
        bool operator==(const Slot&) const = default;
    };
    struct SlotHash {
        /// The digest is SHA-256's, so a part of it is as good a hash as any.
        std::size_t operator()(const Slot& slot) const noexcept {
            std::size_t hash = 0;
            std::memcpy(&hash, slot.digest.data(), sizeof hash);
            return hash ^ (reinterpret_cast<std::uintptr_t>(slot.wallet) >> 4);
        }
    };
    struct Age {
        Timestamp at;
        Slot slot;
    };

    using Digest = std::array<std::uint8_t, 16>;

    /// Both are SHA-256's, so 64 bits tell requests apart; find_wallet makes sure.
    static std::uint64_t request_of(const Digest& digest, const Digest& fingerprint) {
        std::uint64_t parts[2] = {};
        std::memcpy(&parts[0], digest.data(), sizeof parts[0]);
        std::memcpy(&parts[1], fingerprint.data() + 8, sizeof parts[1]);
        return parts[0] ^ parts[1];
    }

    void forget(Timestamp now) {
        while (!ages_.empty() && ages_.front().at + retention_ <= now) {
            const auto found = entries_.find(ages_.front().slot);
            // The key may have been used again since.
            if (found != entries_.end() && found->second.at == ages_.front().at) {
                const Slot& slot = found->first;
                wallets_.erase(request_of(slot.digest, found->second.fingerprint));
                entries_.erase(found);
            }
            ages_.pop_front();
        }
    }

    Duration retention_;
    boost::unordered_flat_map<Slot, Entry, SlotHash> entries_;
    boost::unordered_flat_map<std::uint64_t, const ledger::Wallet*> wallets_;
    std::deque<Age> ages_;
};

}  // namespace faregate::engine
