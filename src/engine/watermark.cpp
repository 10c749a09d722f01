#include "faregate/engine/watermark.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace faregate::engine {

Lsn Watermark::value() const { return Lsn{value_.load(std::memory_order_acquire)}; }

void Watermark::publish(Lsn lsn) {
    MutexLock lock(mutex_);
    if (lsn.value <= value_.load(std::memory_order_relaxed)) return;
    value_.store(lsn.value, std::memory_order_release);
    for (const Listener& listener : listeners_) listener(lsn);
    // Not at every rise: who waits for many records is woken once.
    if (lsn < blocked_on_) return;
    blocked_on_ = nobody;
    risen_.notify_all();
}

void Watermark::subscribe(Listener listener) {
    MutexLock lock(mutex_);
    listeners_.push_back(std::move(listener));
}

void Watermark::want(Lsn lsn) {
    std::uint64_t known = wanted_.load(std::memory_order_relaxed);
    while (known < lsn.value && !wanted_.compare_exchange_weak(known, lsn.value)) {
    }
}

bool Watermark::wait(Lsn lsn, int timeout_ms) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
    MutexLock lock(mutex_);
    while (value() < lsn) {
        const auto left = deadline - std::chrono::steady_clock::now();
        if (left <= std::chrono::steady_clock::duration::zero()) return false;
        blocked_on_ = std::min(blocked_on_, lsn);
        risen_.wait_for(mutex_, left);
    }
    return true;
}

}  // namespace faregate::engine
