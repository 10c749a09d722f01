#include "cli/replay/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>

namespace faregate::cli {
namespace {

double to_seconds(Duration length) { return static_cast<double>(length.microseconds) / 1e6; }

double throughput(const ReplayReport& report) {
    const auto calls = report.authorize.count() + report.capture.count();
    if (report.duration.microseconds <= 0) return 0;
    return static_cast<double>(calls) / to_seconds(report.duration);
}

void append_latency(std::string& out, const char* name, const LatencyRecorder& recorder) {
    const auto summary = recorder.summarize();
    out += fmt::format("  {:<13}", name);
    for (const auto value :
         {summary.p50_us, summary.p90_us, summary.p99_us, summary.p99_9_us, summary.max_us}) {
        out += fmt::format("{:>12.3f}", static_cast<double>(value) / 1e3);
    }
    out += '\n';
}

std::string comparison(const ReplayReport& report) {
    if (report.totals_agree()) return " (equal)";
    return report.rows_done == report.rows ? " (DIFFERS)" : " (of all rows)";
}

nlohmann::ordered_json latency_json(const LatencyRecorder& recorder) {
    const auto summary = recorder.summarize();
    return {{"count", recorder.count()},    {"p50_us", summary.p50_us},
            {"p90_us", summary.p90_us},     {"p99_us", summary.p99_us},
            {"p99_9_us", summary.p99_9_us}, {"max_us", summary.max_us}};
}

}  // namespace

LatencyRecorder::Summary LatencyRecorder::summarize() const {
    if (values_.empty()) return {};
    auto sorted = values_;
    std::sort(sorted.begin(), sorted.end());
    const auto rank = [&](std::uint64_t per_mille) {
        const auto position = (sorted.size() * per_mille + 999) / 1'000;
        return std::uint64_t{sorted[std::max<std::size_t>(position, 1) - 1]};
    };
    return {rank(500), rank(900), rank(990), rank(999), sorted.back()};
}

std::uint64_t ReplayReport::decline_count() const noexcept {
    std::uint64_t count = 0;
    for (const auto& [code, times] : declines) count += times;
    return count;
}

bool ReplayReport::ok() const noexcept {
    return errors == 0 && !interrupted && rows_done == rows && totals_agree() &&
           audit_ok.value_or(false);
}

std::string to_text(const ReplayReport& report) {
    std::string out;
    const auto line = [&out](const char* name, const std::string& value) {
        out += fmt::format("{:<15}{}\n", name, value);
    };
    const auto money = [&report](Amount amount) {
        return fmt::format("{} {}", amount.to_string(report.scale), report.asset);
    };
    line("rows", fmt::format("{} of {}", report.rows_done, report.rows));
    line("calls", fmt::format("{}", report.authorize.count() + report.capture.count()));
    line("duration", fmt::format("{:.3f} s", to_seconds(report.duration)));
    line("throughput", fmt::format("{:.0f} calls/s", throughput(report)));
    out += fmt::format(
        "{:<15}{:>12}{:>12}{:>12}{:>12}{:>12}\n", "latency (ms)", "p50", "p90", "p99", "p99.9",
        "max"
    );
    append_latency(out, "authorize", report.authorize);
    append_latency(out, "capture", report.capture);
    line("approved", fmt::format("{}", report.approvals));
    line("declined", fmt::format("{}", report.decline_count()));
    for (const auto& [code, times] : report.declines) {
        out += fmt::format("  {:<24}{}\n", code, times);
    }
    line("retries", fmt::format("{}", report.retries));
    line("answers again", fmt::format("{} (same idempotency key, no effect)", report.replayed));
    line("captured", money(report.captured));
    if (!report.declined.is_zero()) line("declined", money(report.declined));
    line("expected", money(report.expected) + comparison(report));
    line("errors", fmt::format("{}", report.errors));
    for (const auto& sample : report.error_samples) out += fmt::format("  {}\n", sample);
    line("audit", report.audit_message);
    if (report.interrupted) {
        out += "Interrupted. The same command goes on where this one stopped.\n";
    }
    return out;
}

std::string to_json(const ReplayReport& report) {
    const auto money = [&report](Amount amount) { return amount.to_string(report.scale); };
    nlohmann::ordered_json json = {
        {"ok", report.ok()},
        {"rows", report.rows},
        {"rows_done", report.rows_done},
        {"calls", report.authorize.count() + report.capture.count()},
        {"duration_seconds", to_seconds(report.duration)},
        {"calls_per_second", throughput(report)},
        {"latency",
         {{"authorize", latency_json(report.authorize)},
          {"capture", latency_json(report.capture)}}},
        {"approved", report.approvals},
        {"declined", report.decline_count()},
        {"declines", report.declines},
        {"retries", report.retries},
        {"replayed", report.replayed},
        {"errors", report.errors},
        {"error_samples", report.error_samples},
        {"asset", report.asset},
        {"captured_total", money(report.captured)},
        {"declined_total", money(report.declined)},
        {"expected_total", money(report.expected)},
        {"totals_agree", report.totals_agree()},
        {"interrupted", report.interrupted},
        {"audit_ok", nullptr},
        {"audit", report.audit_message}};
    if (report.audit_ok) json["audit_ok"] = *report.audit_ok;
    return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace faregate::cli
