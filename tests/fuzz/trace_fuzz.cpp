// What `faregate replay` reads: the trace and the price file. Any text is refused with a message
// that names it, or read; and what is read can be planned exactly.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <sstream>
#include <string>

#include "cli/replay/plan.h"
#include "faregate/core/assert.h"

namespace faregate::cli {
namespace {

constexpr std::uint32_t output_tokens_max = 1'000'000'000;

template <typename T>
bool named(const Result<T>& result) {
    return result.has_value() || result.error().message.starts_with("input: ");
}

void check_plan(std::vector<TraceRow> rows, PriceList prices) {
    const std::size_t count = rows.size();
    const ReplayPlan plan(std::move(rows), std::move(prices), {"p", 3, output_tokens_max});
    Amount total;
    for (std::size_t i = 0; i < count; ++i) {
        const PlannedCall call = plan.call(i);
        FG_ASSERT(call.capture <= call.authorize, "a call captures what was authorized at most");
        FG_ASSERT(!call.capture.is_negative(), "a call costs something or nothing");
        FG_ASSERT(plan.arrival(i) >= Duration{}, "no call comes before the first");
        total += call.capture;
    }
    FG_ASSERT(plan.expected_total() == total, "the total is the sum");
}

/// A trace as its rows say it.
std::string write(const std::vector<TraceRow>& rows) {
    std::string text = "TIMESTAMP,ContextTokens,GeneratedTokens\r\n";
    for (const TraceRow& row : rows) {
        std::string at = to_rfc3339(row.arrived_at);
        at.pop_back();
        at[at.find('T')] = ' ';
        text += at + "," + std::to_string(row.context_tokens) + "," +
                std::to_string(row.generated_tokens) + "\r\n";
    }
    return text;
}

bool same(const std::vector<TraceRow>& a, const std::vector<TraceRow>& b) {
    return std::equal(
        a.begin(), a.end(), b.begin(), b.end(),
        [](const TraceRow& one, const TraceRow& other) {
            return one.arrived_at == other.arrived_at &&
                   one.context_tokens == other.context_tokens &&
                   one.generated_tokens == other.generated_tokens;
        }
    );
}

void check_trace(const std::string& text) {
    std::istringstream in(text);
    const auto rows = parse_trace(in, "input", 0);
    FG_ASSERT(named(rows), "a refusal names the file");
    if (!rows) return;
    std::istringstream written(write(*rows));
    const auto again = parse_trace(written, "input", 0);
    FG_ASSERT(again.has_value() && same(*rows, *again), "a trace survives writing");
    const auto prices = parse_prices(
        R"({"asset":"A","scale":18,"models":[{"model":"m","input":"0.5","output":"1"}]})", "prices"
    );
    check_plan(*rows, *prices);
}

void check_prices(const std::string& text) {
    const auto prices = parse_prices(text, "input");
    FG_ASSERT(named(prices), "a refusal names the file");
    if (!prices) return;
    FG_ASSERT(!prices->models.empty() && prices->scale <= scale_max, "a list has prices");
    // As many rows as there are models, with all the tokens that a row may have.
    const TraceRow most{Timestamp{1}, output_tokens_max, output_tokens_max};
    check_plan(std::vector<TraceRow>(prices->models.size(), most), *prices);
}

}  // namespace
}  // namespace faregate::cli

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace faregate::cli;
    const std::string text(reinterpret_cast<const char*>(data), size);
    check_trace(text);
    check_prices(text);
    return 0;
}
