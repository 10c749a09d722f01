#pragma once

#include <atomic>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "faregate/core/mutex.h"
#include "faregate/engine/engine.h"

namespace faregate::support {

/// A log that keeps its records in memory and refuses on demand. Thread-safe.
class MemoryLog final : public engine::MutationLog {
  public:
    /// The LSN of the first record is the one after `last`.
    explicit MemoryLog(Lsn last = {}) : first_(last.next()) {}

    Result<Lsn> append(std::string_view record) override {
        MutexLock lock(mutex_);
        if (admitted_ == 0) return failure(ErrorCode::unavailable, "the log refuses");
        --admitted_;
        records_.emplace_back(record);
        return Lsn{first_.value + records_.size() - 1};
    }

    Lsn applied_lsn() const override { return Lsn{applied_.load()}; }
    /// From now on the engine believes that a database has everything up to `lsn`.
    void set_applied(Lsn lsn) { applied_ = lsn.value; }

    /// Takes `count` more records and refuses all after them.
    void refuse_after(std::uint64_t count) {
        MutexLock lock(mutex_);
        admitted_ = count;
    }
    void accept_again() { refuse_after(std::numeric_limits<std::uint64_t>::max()); }

    Lsn first() const { return first_; }
    Lsn last() const {
        MutexLock lock(mutex_);
        return Lsn{first_.value + records_.size() - 1};
    }
    std::size_t size() const {
        MutexLock lock(mutex_);
        return records_.size();
    }
    /// A copy of all records, the first one's LSN being first().
    std::vector<std::string> records() const {
        MutexLock lock(mutex_);
        return records_;
    }

  private:
    const Lsn first_;
    mutable Mutex mutex_;
    std::atomic<std::uint64_t> applied_{0};
    std::vector<std::string> records_ FG_GUARDED_BY(mutex_);
    std::uint64_t admitted_ FG_GUARDED_BY(mutex_) = std::numeric_limits<std::uint64_t>::max();
};

}  // namespace faregate::support
