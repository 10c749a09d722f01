#include "http/memory_pool.h"

namespace faregate::http {

bool MemoryPool::take(std::uint64_t bytes) noexcept {
    std::uint64_t used = used_.load();
    do {
        // What was taken anyway may have made it more than there is.
        if (used > bytes_max_ || bytes > bytes_max_ - used) return false;
    } while (!used_.compare_exchange_weak(used, used + bytes));
    return true;
}

bool MemoryShare::set(std::size_t bytes) noexcept {
    const std::size_t before = counted(bytes_);
    const std::size_t after = counted(bytes);
    if (after > before && !pool_.take(after - before)) return false;
    if (after < before) pool_.give_back(before - after);
    bytes_ = bytes;
    return true;
}

void MemoryShare::set_anyway(std::size_t bytes) noexcept {
    if (set(bytes)) return;
    pool_.take_anyway(counted(bytes) - counted(bytes_));
    bytes_ = bytes;
}

}  // namespace faregate::http
