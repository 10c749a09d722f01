#include "engine/idempotency_table.h"

#include <algorithm>

namespace faregate::engine {
namespace {

/// What an answer takes: its text, the block of memory around it, and its place in the queue.
std::size_t bytes_of(const std::string& receipt) {
    constexpr std::size_t around = 64;
    return receipt.size() + around;
}

}  // namespace

IdempotencyTable::Digest IdempotencyTable::cut(const std::array<std::uint8_t, 16>& digest) {
    Digest part{};
    std::copy_n(digest.begin(), part.size(), part.begin());
    return part;
}

/// Wallets often use the same keys ("2026-01" in each), and they must not all share a bucket. An
/// exclusive or can be undone, so two keys of one wallet stay apart.
IdempotencyTable::Digest IdempotencyTable::work_in(WalletHash hash, const IdempotencyKey& key) {
    constexpr std::uint64_t odd = 0x9e3779b97f4a7c15;
    const std::uint64_t spread = hash * odd;
    Digest digest = cut(key.digest);
    std::uint64_t part = 0;
    std::memcpy(&part, digest.data(), sizeof part);
    part ^= spread;
    std::memcpy(digest.data(), &part, sizeof part);
    return digest;
}

template <typename Sought>
std::optional<IdempotencyTable::Found> IdempotencyTable::look_up(
    const Sought& sought, const IdempotencyKey& key, Timestamp now
) const {
    const auto found = index_.find(sought);
    if (found == index_.end()) return std::nullopt;
    const Entry& entry = entries_[*found - first_];
    if (entry.at + retention_ <= now) return std::nullopt;
    const bool same = entry.fingerprint == cut(key.fingerprint);
    return Found{entry.wallet, entry.lsn, same, find_answer(entry.lsn)};
}

std::optional<IdempotencyTable::Found> IdempotencyTable::find(
    const ledger::Wallet* wallet, WalletHash hash, const IdempotencyKey& key, Timestamp now
) const {
    return look_up(Slot{wallet, work_in(hash, key)}, key, now);
}

std::optional<IdempotencyTable::Found> IdempotencyTable::find_request(
    WalletHash hash, const IdempotencyKey& key, Timestamp now
) const {
    return look_up(Request{work_in(hash, key), cut(key.fingerprint)}, key, now);
}

void IdempotencyTable::insert(
    const ledger::Wallet* wallet, WalletHash hash, const IdempotencyKey& key, Lsn lsn, Timestamp at,
    std::optional<std::string> answer
) {
    forget(at);
    const Digest digest = work_in(hash, key);
    index_.erase(Slot{wallet, digest});
    entries_.push_back(Entry{digest, cut(key.fingerprint), wallet, lsn, at});
    index_.insert(first_ + static_cast<std::uint32_t>(entries_.size() - 1));
    if (!answer) return;
    memory_.bytes.fetch_add(bytes_of(*answer), std::memory_order_relaxed);
    answers_.push_back(Answer{lsn, std::move(*answer)});
}

const std::string* IdempotencyTable::find_answer(Lsn lsn) const {
    const auto found = std::lower_bound(
        answers_.begin(), answers_.end(), lsn,
        [](const Answer& answer, Lsn sought) { return answer.lsn < sought; }
    );
    return found == answers_.end() || found->lsn != lsn ? nullptr : &found->receipt;
}

void IdempotencyTable::drop_answers(Lsn applied) {
    while (!answers_.empty() && answers_.front().lsn <= applied &&
           memory_.bytes.load(std::memory_order_relaxed) > memory_.bytes_max) {
        pop_answer();
    }
}

void IdempotencyTable::pop_answer() {
    memory_.bytes.fetch_sub(bytes_of(answers_.front().receipt), std::memory_order_relaxed);
    answers_.pop_front();
}

void IdempotencyTable::forget(Timestamp now) {
    while (!entries_.empty() && entries_.front().at + retention_ <= now) {
        while (!answers_.empty() && answers_.front().lsn <= entries_.front().lsn) pop_answer();
        index_.erase(first_);  // Not there if the key was used again since.
        entries_.pop_front();
        ++first_;
    }
}

}  // namespace faregate::engine
