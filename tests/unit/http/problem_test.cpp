#include "http/problem.h"

#include <gtest/gtest.h>

#include <set>

#include "http/json_document.h"
#include "http/outcome_problem.h"

namespace faregate::http {
namespace {

using ledger::Outcome;

TEST(ProblemTable, EveryOutcomeHasItsOwnNameAsCode) {
    for (int i = 0; i < ledger::outcome_count; ++i) {
        const auto outcome = static_cast<Outcome>(i);
        const ProblemType& type = problem_type(problem_index(outcome));
        EXPECT_EQ(type.code, to_string(outcome));
        EXPECT_FALSE(type.title.empty());
        EXPECT_TRUE(outcome == Outcome::accepted || (type.status >= 400 && type.status < 500))
            << type.code;
    }
}

TEST(ProblemTable, CodesAreUniqueAndStatusesAreErrors) {
    std::set<std::string_view> codes;
    for (std::size_t i = 1; i < problem_type_count; ++i) {
        const ProblemType& type = problem_type(i);
        EXPECT_TRUE(codes.insert(type.code).second) << type.code;
        EXPECT_GE(type.status, 400) << type.code;
        EXPECT_LT(type.status, 600) << type.code;
        EXPECT_FALSE(type.title.empty()) << type.code;
    }
}

TEST(ProblemTable, RefusalsStandInTheOrderOfTheirEnum) {
    EXPECT_EQ(problem_type(problem_index(Refusal::malformed_request)).code, "malformed_request");
    EXPECT_EQ(problem_type(problem_index(Refusal::unauthenticated)).status, 401);
    EXPECT_EQ(problem_type(problem_index(Refusal::forbidden)).status, 403);
    EXPECT_EQ(problem_type(problem_index(Refusal::body_too_large)).status, 413);
    EXPECT_EQ(problem_type(problem_index(Refusal::unsupported_media_type)).status, 415);
    EXPECT_EQ(problem_type(problem_index(Refusal::rate_limited)).status, 429);
    EXPECT_EQ(problem_type(problem_index(Refusal::headers_too_large)).status, 431);
    EXPECT_EQ(problem_type(problem_index(Refusal::durability_timeout)).status, 504);
    EXPECT_EQ(problem_index(Refusal::durability_timeout) + 1, problem_type_count);
}

TEST(Problem, IsAnObjectOfProblemDetails) {
    std::string out;
    append_problem(
        out, Problem(Outcome::wallet_not_found, "There is no \"x\".").with("a", "b").with("n", true)
    );
    EXPECT_EQ(
        out, R"({"type":"https://faregate.dev/problems/wallet_not_found",)"
             R"("title":"There is no such wallet","status":404,"detail":"There is no \"x\".",)"
             R"("code":"wallet_not_found","a":"b","n":true})"
    );
}

TEST(Problem, EveryDeclineHasADetailThatIsASentence) {
    for (int i = 1; i < ledger::outcome_count; ++i) {
        engine::Execution done;
        done.receipt.outcome = static_cast<Outcome>(i);
        const Problem problem = problem_of(done, "target");
        EXPECT_EQ(problem.index, problem_index(done.receipt.outcome));
        ASSERT_FALSE(problem.detail.empty());
        EXPECT_EQ(problem.detail.back(), '.') << problem.detail;
    }
}

TEST(Problem, UnavailableSaysThatNothingWasExecuted) {
    const Problem problem = unavailable(Refusal::unavailable, "The journal is full.");
    EXPECT_NE(problem.detail.find("not executed"), std::string::npos);
    EXPECT_EQ(problem.members, R"("executed":false)");
    EXPECT_GT(problem.retry_after_seconds, 0U);
}

TEST(Problem, AnAnswerThatCannotBeUtf8IsStillJson) {
    std::string out;
    append_problem(out, not_found(Outcome::wallet_not_found, "\xff\xfe\n" + std::string(500, 'x')));
    JsonDocument document;
    EXPECT_FALSE(document.parse(out));
    EXPECT_LT(out.size(), 500U);
}

}  // namespace
}  // namespace faregate::http
