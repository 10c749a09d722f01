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

namespace faregate::engine {

/// The answers that were given under idempotency keys, per scope (a wallet, or null for assets).
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
    const Entry* find(const void* scope, const IdempotencyKey& key, Timestamp now) const {
        const auto found = entries_.find(Slot{scope, key.digest});
        if (found == entries_.end() || found->second.at + retention_ <= now) return nullptr;
        return &found->second;
    }

    void insert(const void* scope, const IdempotencyKey& key, Entry entry) {
        forget(entry.at);
        const Slot slot{scope, key.digest};
        ages_.push_back(Age{entry.at, slot});
        entries_.insert_or_assign(slot, std::move(entry));
    }

    std::size_t size() const noexcept { return entries_.size(); }

  private:
    struct Slot {
        const void* scope = nullptr;
        std::array<std::uint8_t, 16> digest{};
        bool operator==(const Slot&) const = default;
    };
    struct SlotHash {
        /// The digest is SHA-256's, so a part of it is as good a hash as any.
        std::size_t operator()(const Slot& slot) const noexcept {
            std::size_t hash = 0;
            std::memcpy(&hash, slot.digest.data(), sizeof hash);
            return hash ^ (reinterpret_cast<std::uintptr_t>(slot.scope) >> 4);
        }
    };
    struct Age {
        Timestamp at;
        Slot slot;
    };

    void forget(Timestamp now) {
        while (!ages_.empty() && ages_.front().at + retention_ <= now) {
            const auto found = entries_.find(ages_.front().slot);
            // The key may have been used again since.
            if (found != entries_.end() && found->second.at == ages_.front().at) {
                entries_.erase(found);
            }
            ages_.pop_front();
        }
    }

    Duration retention_;
    boost::unordered_flat_map<Slot, Entry, SlotHash> entries_;
    std::deque<Age> ages_;
};

}  // namespace faregate::engine
