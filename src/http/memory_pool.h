#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace faregate::http {

/// What the large requests and answers of all connections may hold in memory together, so that the
/// sum is bounded however many connections there are. Thread-safe.
class MemoryPool {
  public:
    explicit MemoryPool(std::uint64_t bytes_max) : bytes_max_(bytes_max) {}

    /// False, and nothing taken, if that would be more than there is.
    bool take(std::uint64_t bytes) noexcept;
    /// Takes in any case: for what is there already and cannot be refused any more.
    void take_anyway(std::uint64_t bytes) noexcept { used_.fetch_add(bytes); }
    void give_back(std::uint64_t bytes) noexcept { used_.fetch_sub(bytes); }

    std::uint64_t used() const noexcept { return used_.load(); }

  private:
    const std::uint64_t bytes_max_;
    std::atomic<std::uint64_t> used_{0};
};

/// One connection's part of the pool. A little is free, so that an ordinary request is never
/// refused for the sake of large ones, and does not touch what the threads share. Belongs to the
/// connection's thread.
class MemoryShare {
  public:
    static constexpr std::size_t free_bytes = 16 * 1024;

    /// `pool` must outlive this.
    explicit MemoryShare(MemoryPool& pool) : pool_(pool) {}
    ~MemoryShare() { set(0); }
    MemoryShare(const MemoryShare&) = delete;
    MemoryShare& operator=(const MemoryShare&) = delete;

    /// From now on the connection holds `bytes`. False, and nothing changed, if the pool has not as
    /// much; less than before always succeeds.
    bool set(std::size_t bytes) noexcept;
    /// The same in any case.
    void set_anyway(std::size_t bytes) noexcept;
    bool add(std::size_t bytes) noexcept { return set(bytes_ + bytes); }

    std::size_t bytes() const noexcept { return bytes_; }

  private:
    static std::size_t counted(std::size_t bytes) {
        return bytes > free_bytes ? bytes - free_bytes : 0;
    }

    MemoryPool& pool_;
    std::size_t bytes_ = 0;
};

}  // namespace faregate::http
