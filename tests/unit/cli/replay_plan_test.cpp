#include <gtest/gtest.h>

#include <sstream>

#include "cli/replay/plan.h"

namespace faregate::cli {
namespace {

constexpr auto header = "TIMESTAMP,ContextTokens,GeneratedTokens\n";

Result<std::vector<TraceRow>> parse(const std::string& lines, std::uint64_t rows_max = 0) {
    std::istringstream in(header + lines);
    return parse_trace(in, "trace.csv", rows_max);
}

PriceList prices(const std::string& models) {
    const auto list = parse_prices(R"({"asset":"USD","scale":9,"models":[)" + models + "]}", "p");
    EXPECT_TRUE(list) << list.error().message;
    return list.value_or(PriceList{});
}

std::string price_refusal(const std::string& text) {
    const auto list = parse_prices(text, "prices.json");
    return list ? "accepted" : list.error().message;
}

TEST(Trace, IsReadWithEitherEndOfLine) {
    const auto rows =
        parse("2023-11-16 18:15:46.6805900,374,44\r\n2023-11-16 18:15:50.9,396,109\n");
    ASSERT_TRUE(rows) << rows.error().message;
    ASSERT_EQ(rows->size(), 2U);
    EXPECT_EQ((*rows)[0].context_tokens, 374U);
    EXPECT_EQ((*rows)[1].generated_tokens, 109U);
    EXPECT_EQ(((*rows)[1].arrived_at - (*rows)[0].arrived_at).microseconds, 4'219'410);
}

TEST(Trace, MayBeReadInPart) {
    const auto rows = parse("2023-11-16 18:15:46,1,1\n2023-11-16 18:15:47,2,2\nnonsense\n", 2);
    ASSERT_TRUE(rows);
    EXPECT_EQ(rows->size(), 2U);
}

TEST(Trace, NamesTheLineThatIsWrong) {
    const auto refusal = [](const std::string& line) {
        const auto rows = parse("2023-11-16 18:15:46,1,1\n" + line + "\n");
        return rows ? "accepted" : rows.error().message;
    };
    EXPECT_EQ(refusal("2023-11-16 18:15:46,1"), "trace.csv: line 3: expected three fields");
    EXPECT_EQ(refusal("2023-11-16 18:15:46,1,1,1"), "trace.csv: line 3: expected three fields");
    EXPECT_EQ(
        refusal("2023-11-16 18:15:46,1,-5"),
        "trace.csv: line 3: \"-5\" is not a number of tokens (0 to 1000000000)"
    );
    EXPECT_NE(
        refusal("yesterday,1,1").find("line 3: \"yesterday\" is not a time"), std::string::npos
    );
}

TEST(Trace, NeedsItsHeaderAndARow) {
    std::istringstream headless("2023-11-16 18:15:46,1,1\n");
    EXPECT_FALSE(parse_trace(headless, "t", 0));
    EXPECT_FALSE(parse(""));
}

TEST(Prices, AreExactPerToken) {
    const auto list = prices(R"({"model":"a","input":"2.5","output":"10"},
                                {"model":"b","input":"0.3","output":"0.001"})");
    EXPECT_EQ(list.models[0].cost(1, 0).to_string(9), "0.0000025");
    EXPECT_EQ(list.models[0].cost(1'000'000, 3).to_string(9), "2.50003");
    EXPECT_EQ(list.models[1].cost(7, 1).to_string(9), "0.000002101");
}

TEST(Prices, ThatAreNotExactPerTokenAreRefused) {
    EXPECT_EQ(
        price_refusal(
            R"({"asset":"USD","scale":9,"models":[{"model":"m","input":"0.0375","output":"1"}]})"
        ),
        "prices.json: model \"m\": \"input\": \"0.0375\" per million tokens is not exact per token "
        "at scale 9"
    );
}

TEST(Prices, MustBeStringsAndWellFormed) {
    const auto with = [](const std::string& price) {
        return price_refusal(
            R"({"asset":"USD","scale":9,"models":[{"model":"m","input":)" + price +
            R"(,"output":"1"}]})"
        );
    };
    EXPECT_EQ(with("\"1\""), "accepted");
    EXPECT_NE(with("2.5").find("must be a string"), std::string::npos);
    for (const auto* text : {"\"-1\"", "\"abc\"", "\"1e-30\"", "\"\"", "null"}) {
        EXPECT_NE(with(text), "accepted") << text;
    }
    EXPECT_EQ(price_refusal("{"), "prices.json: is not JSON");
    EXPECT_NE(price_refusal(R"({"asset":"USD","scale":9,"models":[]})"), "accepted");
    EXPECT_NE(price_refusal(R"({"asset":"USD","scale":19,"models":[{}]})"), "accepted");
}

// Copying a JSON value takes a piece of the stack for every level.
TEST(Prices, NestedWithoutEndAreRefused) {
    constexpr std::size_t depth = 1'000'000;
    const std::string deep = std::string(depth, '[') + std::string(depth, ']');
    EXPECT_EQ(
        price_refusal(R"({"asset":"USD","scale":9,"models":)" + deep + "}"),
        "prices.json: every model must be an object with the name in \"model\""
    );
}

class PlanTest : public testing::Test {
  protected:
    const ReplayPlan plan{
        *parse("2023-11-16 18:15:46,100,10\n2023-11-16 18:15:48,200,20\n"
               "2023-11-16 18:15:47,300,5000\n"),
        prices(R"({"model":"a","input":"1","output":"2"},{"model":"b","input":"3","output":"4"})"),
        {"p", 2, 1'000}};
};

TEST_F(PlanTest, RowsTakeWalletsAndModelsInTurn) {
    EXPECT_EQ(plan.call(0).wallet, "p-0");
    EXPECT_EQ(plan.call(1).wallet, "p-1");
    EXPECT_EQ(plan.call(2).wallet, "p-0");
    EXPECT_EQ(plan.call(1).model->model, "b");
    EXPECT_EQ(plan.call(2).model->model, "a");
}

TEST_F(PlanTest, AuthorizesTheAllowedOutputAndCapturesTheGeneratedOne) {
    EXPECT_EQ(plan.call(0).authorize.to_string(9), "0.0021");
    EXPECT_EQ(plan.call(0).capture.to_string(9), "0.00012");
}

TEST_F(PlanTest, GeneratesNoMoreThanIsAllowed) {
    EXPECT_EQ(plan.call(2).authorize, plan.call(2).capture);
    EXPECT_EQ(plan.call(2).capture.to_string(9), "0.0023");
}

TEST_F(PlanTest, ExpectsTheSumOfAllCaptures) {
    EXPECT_EQ(plan.expected_total().to_string(9), "0.0031");
}

TEST_F(PlanTest, KeysSayWhichRowAndWhichStep) {
    EXPECT_EQ(plan.call(2).authorize_key, "p-2-authorize");
    EXPECT_EQ(plan.call(2).capture_key, "p-2-capture");
}

TEST_F(PlanTest, ArrivalsNeverLieBeforeTheFirst) {
    EXPECT_EQ(plan.arrival(0).microseconds, 0);
    EXPECT_EQ(plan.arrival(1).microseconds, 2'000'000);
}

}  // namespace
}  // namespace faregate::cli
