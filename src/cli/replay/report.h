#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "faregate/core/amount.h"
#include "faregate/core/time.h"

namespace faregate::cli {

/// Latencies in microseconds, as callers saw them: retries included.
class LatencyRecorder {
  public:
    struct Summary {
        std::uint64_t p50_us = 0;
        std::uint64_t p90_us = 0;
        std::uint64_t p99_us = 0;
        std::uint64_t p99_9_us = 0;
        std::uint64_t max_us = 0;
    };

    void add(std::uint32_t microseconds) { values_.push_back(microseconds); }
    std::uint64_t count() const noexcept { return values_.size(); }
    /// Nearest rank over all values; zeros if there are none.
    Summary summarize() const;

  private:
    std::vector<std::uint32_t> values_;
};

/// What a replay found out.
struct ReplayReport {
    std::string asset;
    Scale scale = 0;
    std::uint64_t rows = 0;  ///< of the trace
    std::uint64_t rows_done = 0;
    Duration duration;
    LatencyRecorder authorize;
    LatencyRecorder capture;
    std::uint64_t approvals = 0;
    std::map<std::string, std::uint64_t> declines;  ///< by code
    std::uint64_t retries = 0;
    std::uint64_t replayed = 0;  ///< answers that an earlier run had already got
    std::uint64_t errors = 0;
    std::vector<std::string> error_samples;
    Amount captured;  ///< the sum of what the server says it captured
    Amount declined;  ///< what the declined rows would have captured
    Amount expected;  ///< computed from the trace and the prices alone
    std::optional<bool> audit_ok;
    std::string audit_message = "not asked for";
    bool interrupted = false;

    std::uint64_t decline_count() const noexcept;
    bool totals_agree() const noexcept { return captured + declined == expected; }
    /// Everything was replayed, without errors, and the audit is clean.
    bool ok() const noexcept;
};

std::string to_text(const ReplayReport& report);
std::string to_json(const ReplayReport& report);

}  // namespace faregate::cli
