#pragma once

#include <array>
#include <atomic>
#include <boost/container/deque.hpp>
#include <boost/unordered/unordered_flat_set.hpp>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <optional>
#include <string>

#include "faregate/core/id.h"
#include "faregate/core/lsn.h"
#include "faregate/core/time.h"
#include "faregate/engine/idempotency.h"
#include "faregate/ledger/wallet.h"

namespace faregate::engine {

/// Room for the answers of all tables together, so that one busy wallet may have it all.
struct AnswerMemory {
    const std::size_t bytes_max;
    std::atomic<std::size_t> bytes{0};
};

/// Which idempotency keys were answered, per wallet (null for assets), and the answers of late.
///
/// Keys are kept for the time of retention, in less than 64 bytes each; an answer is several times
/// as large, so it leaves once the database has it and the memory for answers is full. Whether a
/// key still counts depends on its age alone, not on when old ones were cleared away.
/// Not synchronized: belongs to its stripe.
class IdempotencyTable {
  public:
    /// `memory` must outlive the table.
    IdempotencyTable(Duration retention, AnswerMemory& memory)
        : retention_(retention),
          memory_(memory),
          index_(0, SlotHash{&entries_, &first_}, SlotEqual{&entries_, &first_}) {}
    IdempotencyTable(const IdempotencyTable&) = delete;
    IdempotencyTable& operator=(const IdempotencyTable&) = delete;

    struct Found {
        const ledger::Wallet* wallet = nullptr;
        Lsn lsn;
        bool same_request = false;
        const std::string* answer = nullptr;  ///< bytes of encode_receipt; null: it has left
    };

    /// What this key was used for in this wallet, if it was and still counts.
    std::optional<Found> find(
        const ledger::Wallet* wallet, WalletHash hash, const IdempotencyKey& key, Timestamp now
    ) const;

    /// The same for exactly this request, in whichever wallet of that hash. A request that names an
    /// authorization or a grant has no other way to its wallet once that has left memory.
    std::optional<Found> find_request(WalletHash hash, const IdempotencyKey& key, Timestamp now)
        const;

    /// Remembers a key, whose LSN and time are the highest so far. `answer` is nothing if the
    /// database has it already.
    void insert(
        const ledger::Wallet* wallet, WalletHash hash, const IdempotencyKey& key, Lsn lsn,
        Timestamp at, std::optional<std::string> answer
    );

    /// Lets go of the oldest answers up to `applied` that there is no memory for.
    void drop_answers(Lsn applied);

    std::size_t size() const noexcept { return index_.size(); }

  private:
    /// 96 bits of SHA-256 are enough to tell the keys of one wallet apart, and so for requests.
    using Digest = std::array<std::uint8_t, 12>;

    struct Entry {
        Digest digest{};  ///< of the key, with the wallet's hash worked into it
        Digest fingerprint{};
        const ledger::Wallet* wallet = nullptr;
        Lsn lsn;
        Timestamp at;
    };

    struct Answer {
        Lsn lsn;
        std::string receipt;
    };

    using BlockSize = boost::container::deque_options_t<boost::container::block_bytes<4096U>>;
    using Entries = boost::container::deque<Entry, void, BlockSize>;

    // The index holds serial numbers of entries, modulo 2^32.
    struct Slot {
        const ledger::Wallet* wallet = nullptr;
        Digest digest{};
    };
    struct Request {
        Digest digest{};
        Digest fingerprint{};
    };
    struct SlotHash {
        using is_transparent = void;  // NOLINT: the standard library's name
        using is_avalanching = void;  // NOLINT: Boost's name
        const Entries* entries;
        const std::uint32_t* first;
        std::size_t operator()(std::uint32_t serial) const noexcept {
            return hash((*entries)[serial - *first].digest);
        }
        std::size_t operator()(const Slot& slot) const noexcept { return hash(slot.digest); }
        std::size_t operator()(const Request& request) const noexcept {
            return hash(request.digest);
        }
        /// A part of a digest of SHA-256 is as good a hash as any.
        static std::size_t hash(const Digest& digest) noexcept {
            std::size_t part = 0;
            std::memcpy(&part, digest.data(), sizeof part);
            return part;
        }
    };
    struct SlotEqual {
        using is_transparent = void;  // NOLINT: the standard library's name
        const Entries* entries;
        const std::uint32_t* first;
        const Entry& at(std::uint32_t serial) const noexcept { return (*entries)[serial - *first]; }
        bool operator()(std::uint32_t a, std::uint32_t b) const noexcept { return a == b; }
        bool operator()(const Slot& slot, std::uint32_t serial) const noexcept {
            const Entry& entry = at(serial);
            return entry.wallet == slot.wallet && entry.digest == slot.digest;
        }
        bool operator()(const Request& request, std::uint32_t serial) const noexcept {
            const Entry& entry = at(serial);
            return entry.digest == request.digest && entry.fingerprint == request.fingerprint;
        }
    };

    static Digest cut(const std::array<std::uint8_t, 16>& digest);
    static Digest work_in(WalletHash hash, const IdempotencyKey& key);
    template <typename Sought>
    std::optional<Found> look_up(const Sought& sought, const IdempotencyKey& key, Timestamp now)
        const;
    const std::string* find_answer(Lsn lsn) const;
    void pop_answer();
    void forget(Timestamp now);

    Duration retention_;
    AnswerMemory& memory_;
    Entries entries_;          // by age
    std::uint32_t first_ = 0;  // the serial number of the oldest entry
    boost::unordered_flat_set<std::uint32_t, SlotHash, SlotEqual> index_;
    std::deque<Answer> answers_;  // by LSN
};

}  // namespace faregate::engine
