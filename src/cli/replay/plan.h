#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/replay/prices.h"
#include "cli/replay/trace.h"

namespace faregate::cli {

/// What one row of the trace asks of the server.
struct PlannedCall {
    std::string wallet;
    const ModelPrice* model = nullptr;
    Amount authorize;  ///< the prompt and all of the allowed output
    Amount capture;    ///< the prompt and what was generated, at most the allowed output
    std::string authorize_key;
    std::string capture_key;
};

/// Turns rows into calls. The same trace, prices and settings give the same calls with the same
/// idempotency keys, which is what makes an interrupted replay repeatable. Immutable.
class ReplayPlan {
  public:
    struct Settings {
        std::string prefix;
        std::uint64_t wallet_count = 1;
        std::uint32_t output_tokens_max = 0;
    };

    /// Precondition: there is at least one wallet and one model.
    ReplayPlan(std::vector<TraceRow> rows, PriceList prices, Settings settings);

    std::uint64_t size() const noexcept { return rows_.size(); }
    std::uint64_t wallet_count() const noexcept { return settings_.wallet_count; }
    const PriceList& prices() const noexcept { return prices_; }
    const Settings& settings() const noexcept { return settings_; }

    PlannedCall call(std::uint64_t row) const;
    std::string wallet(std::uint64_t index) const;
    /// How long after the first row this one arrived. Never negative.
    Duration arrival(std::uint64_t row) const;
    /// What all rows capture together if every one is approved.
    Amount expected_total() const;

  private:
    const std::vector<TraceRow> rows_;
    const PriceList prices_;
    const Settings settings_;
};

}  // namespace faregate::cli
