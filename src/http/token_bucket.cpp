#include "http/token_bucket.h"

#include <algorithm>

namespace faregate::http {

std::int64_t TokenBucket::take(std::uint32_t rate_per_second, std::int64_t now_ns) noexcept {
    constexpr std::int64_t second_ns = 1'000'000'000;
    const std::int64_t token_ns = second_ns / rate_per_second;
    std::int64_t full_at_ns = full_at_ns_.load(std::memory_order_relaxed);
    for (;;) {
        const std::int64_t after_ns = std::max(full_at_ns, now_ns) + token_ns;
        const std::int64_t early_ns = after_ns - now_ns - second_ns;
        if (early_ns > 0) return early_ns;
        if (full_at_ns_.compare_exchange_weak(full_at_ns, after_ns, std::memory_order_relaxed)) {
            return 0;
        }
    }
}

}  // namespace faregate::http
