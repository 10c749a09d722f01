#include "cli/replay/plan.h"

#include <fmt/format.h>

#include <algorithm>

#include "faregate/core/assert.h"

namespace faregate::cli {

ReplayPlan::ReplayPlan(std::vector<TraceRow> rows, PriceList prices, Settings settings)
    : rows_(std::move(rows)), prices_(std::move(prices)), settings_(std::move(settings)) {
    FG_ASSERT(settings_.wallet_count > 0, "a replay needs a wallet");
    FG_ASSERT(!prices_.models.empty(), "a replay needs a model");
}

PlannedCall ReplayPlan::call(std::uint64_t row) const {
    const auto& trace = rows_[row];
    const auto& model = prices_.models[row % prices_.models.size()];
    const auto generated = std::min(trace.generated_tokens, settings_.output_tokens_max);
    PlannedCall call;
    call.wallet = wallet(row % settings_.wallet_count);
    call.model = &model;
    call.authorize = model.cost(trace.context_tokens, settings_.output_tokens_max);
    call.capture = model.cost(trace.context_tokens, generated);
    call.authorize_key = fmt::format("{}-{}-authorize", settings_.prefix, row);
    call.capture_key = fmt::format("{}-{}-capture", settings_.prefix, row);
    return call;
}

std::string ReplayPlan::wallet(std::uint64_t index) const {
    return fmt::format("{}-{}", settings_.prefix, index);
}

Duration ReplayPlan::arrival(std::uint64_t row) const {
    return std::max(rows_[row].arrived_at - rows_.front().arrived_at, Duration{});
}

Amount ReplayPlan::expected_total() const {
    Amount total;
    for (std::uint64_t row = 0; row < size(); ++row) total += call(row).capture;
    return total;
}

}  // namespace faregate::cli
