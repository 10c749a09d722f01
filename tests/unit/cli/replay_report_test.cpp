#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "cli/replay/progress.h"
#include "cli/replay/report.h"

namespace faregate::cli {
namespace {

ReplayReport clean_report() {
    ReplayReport report;
    report.asset = "USD";
    report.scale = 9;
    report.rows = report.rows_done = 2;
    report.authorize.add(100);
    report.authorize.add(200);
    report.capture.add(300);
    report.approvals = 1;
    report.declines["insufficient_funds"] = 1;
    report.captured = Amount::from_units(1'500'000'001);
    report.declined = Amount::from_units(5);
    report.expected = Amount::from_units(1'500'000'006);
    report.audit_ok = true;
    report.audit_message = "ok";
    return report;
}

TEST(LatencyRecorder, TakesTheNearestRank) {
    LatencyRecorder recorder;
    for (std::uint32_t i = 1'000; i > 0; --i) recorder.add(i);
    const auto summary = recorder.summarize();
    EXPECT_EQ(summary.p50_us, 500U);
    EXPECT_EQ(summary.p90_us, 900U);
    EXPECT_EQ(summary.p99_us, 990U);
    EXPECT_EQ(summary.p99_9_us, 999U);
    EXPECT_EQ(summary.max_us, 1'000U);
}

TEST(LatencyRecorder, OfOneValueIsThatValue) {
    LatencyRecorder recorder;
    EXPECT_EQ(recorder.summarize().max_us, 0U);
    recorder.add(7);
    EXPECT_EQ(recorder.summarize().p50_us, 7U);
    EXPECT_EQ(recorder.summarize().p99_9_us, 7U);
}

TEST(ReplayReport, IsOkOnlyIfEverythingIs) {
    EXPECT_TRUE(clean_report().ok());
    auto report = clean_report();
    report.audit_ok = false;
    EXPECT_FALSE(report.ok());
    report.audit_ok.reset();
    EXPECT_FALSE(report.ok());
    report = clean_report();
    report.errors = 1;
    EXPECT_FALSE(report.ok());
    report = clean_report();
    report.captured += Amount::from_units(1);
    EXPECT_FALSE(report.ok());
    report = clean_report();
    report.rows_done = 1;
    EXPECT_FALSE(report.ok());
    report = clean_report();
    report.interrupted = true;
    EXPECT_FALSE(report.ok());
}

TEST(ReplayReport, JsonHasMoneyAsExactText) {
    const auto json = nlohmann::json::parse(to_json(clean_report()));
    EXPECT_EQ(json["ok"], true);
    EXPECT_EQ(json["captured_total"], "1.500000001");
    EXPECT_EQ(json["expected_total"], "1.500000006");
    EXPECT_EQ(json["approved"], 1);
    EXPECT_EQ(json["declines"]["insufficient_funds"], 1);
    EXPECT_EQ(json["audit_ok"], true);
}

TEST(ReplayReport, TextSaysWhenTheTotalsDiffer) {
    auto report = clean_report();
    EXPECT_NE(to_text(report).find("1.500000006 USD (equal)"), std::string::npos);
    report.captured = Amount{};
    EXPECT_NE(to_text(report).find("1.500000006 USD (DIFFERS)"), std::string::npos);
}

TEST(Progress, ShowsShareRateAndTimeLeft) {
    EXPECT_EQ(
        progress_text(50, 200, 2.0),
        "[=======>                      ]  25%  50/200  25 rows/s  6 s left"
    );
    EXPECT_EQ(
        progress_text(200, 200, 4.0), "[==============================] 100%  200/200  50 rows/s"
    );
    EXPECT_EQ(progress_text(0, 0, 0.0).substr(0, 2), "[>");
}

}  // namespace
}  // namespace faregate::cli
