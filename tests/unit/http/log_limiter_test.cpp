#include "http/log_limiter.h"

#include <gtest/gtest.h>

namespace faregate::http {
namespace {

using std::chrono::milliseconds;

class LogLimiterTest : public testing::Test {
  protected:
    /// How many of that many lines pass at one moment.
    int passing(std::size_t kind, int lines) {
        int passed = 0;
        for (int i = 0; i < lines; ++i) passed += limiter.pass(kind, now) ? 1 : 0;
        return passed;
    }

    LogLimiter limiter{2};
    LogLimiter::Time now{std::chrono::hours(1)};
};

TEST_F(LogLimiterTest, LetsAFewLinesPassEverySecond) {
    EXPECT_EQ(passing(0, 100), 3);
    now += milliseconds(999);
    EXPECT_EQ(passing(0, 100), 0);
    now += milliseconds(1);
    EXPECT_EQ(passing(0, 100), 3);
}

TEST_F(LogLimiterTest, SaysOnceHowManyWereLeftOut) {
    EXPECT_EQ(limiter.pass(0, now), 0U);
    EXPECT_EQ(passing(0, 12), 2);
    now += milliseconds(1500);
    EXPECT_EQ(limiter.pass(0, now), 10U);
    EXPECT_EQ(limiter.pass(0, now), 0U);
}

TEST_F(LogLimiterTest, KindsDoNotCrowdEachOtherOut) {
    EXPECT_EQ(passing(0, 100), 3);
    EXPECT_EQ(passing(1, 100), 3);
}

TEST(LeftOutNote, IsEmptyForNone) {
    EXPECT_EQ(left_out_note(0), "");
    EXPECT_EQ(left_out_note(12), " (and 12 more like it)");
}

TEST(Loggable, IsCutAndHasNoControlCharacters) {
    EXPECT_EQ(loggable("/v1/wallets/acme"), "/v1/wallets/acme");
    EXPECT_EQ(loggable("a\nb\x1b[2Jc\x9b\xc3\xa9"), "a?b?[2Jc???");
    EXPECT_EQ(loggable(std::string(300, 'a')), std::string(200, 'a') + "...");
}

TEST(Loggable, HidesWhatLooksLikeAKey) {
    EXPECT_EQ(loggable("/v1/wallets/fg_secret/grants"), "/v1/wallets/fg_.../grants");
    EXPECT_EQ(loggable("fg_secret"), "fg_...");
    EXPECT_EQ(loggable("fg_"), "fg_...");
    EXPECT_EQ(loggable(""), "");
}

}  // namespace
}  // namespace faregate::http
