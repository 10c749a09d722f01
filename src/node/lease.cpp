#include "faregate/node/lease.h"

#include <spdlog/spdlog.h>

namespace faregate::node {

Lease::Lease(const MonotonicClock& clock)
    : clock_(clock),
      beat_at_(clock.elapsed()),
      in_doubt_since_(beat_at_),
      held_until_(beat_at_.microseconds - 1) {}

void Lease::beat() {
    const Duration now = clock_.elapsed();
    MutexLock lock(mutex_);
    const Duration gap = now - beat_at_;
    beat_at_ = now;
    if (gap > pause_max) {
        spdlog::warn(
            "this process did not run for {} ms; nothing is answered until PostgreSQL confirms "
            "that this server is still the owner",
            gap.microseconds / 1'000
        );
        in_doubt_ = true;
        in_doubt_since_ = now;
    }
    if (!in_doubt_) extend();
}

bool Lease::held() const noexcept {
    return clock_.elapsed().microseconds <= held_until_.load(std::memory_order_acquire);
}

bool Lease::in_doubt() const {
    MutexLock lock(mutex_);
    return in_doubt_ || clock_.elapsed() - beat_at_ > pause_max;
}

void Lease::confirmed(Duration question_began) {
    MutexLock lock(mutex_);
    // An answer to a question from before the gap says nothing about now.
    if (!in_doubt_ || question_began < in_doubt_since_) return;
    in_doubt_ = false;
    // From the last beat and not from now: if there was another gap meanwhile, the next beat finds
    // it, and until then the lease has run out.
    extend();
}

void Lease::extend() {
    held_until_.store((beat_at_ + pause_max).microseconds, std::memory_order_release);
}

}  // namespace faregate::node
