#include "http/token_bucket.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace faregate::http {
namespace {

constexpr std::int64_t second = 1'000'000'000;

int take_all(TokenBucket& bucket, std::uint32_t rate, std::int64_t now) {
    int taken = 0;
    while (bucket.take(rate, now) == 0) ++taken;
    return taken;
}

TEST(TokenBucket, GivesOneSecondsWorthAtOnce) {
    TokenBucket bucket;
    EXPECT_EQ(take_all(bucket, 10, 5 * second), 10);
    EXPECT_GT(bucket.take(10, 5 * second), 0);
}

TEST(TokenBucket, FillsWithTime) {
    TokenBucket bucket;
    take_all(bucket, 10, second);
    EXPECT_EQ(bucket.take(10, second), second / 10);
    EXPECT_EQ(take_all(bucket, 10, second + second / 10), 1);
    EXPECT_EQ(take_all(bucket, 10, second + second / 2), 4);
    EXPECT_EQ(take_all(bucket, 10, 100 * second), 10);
}

TEST(TokenBucket, ARefusalCostsNothing) {
    TokenBucket bucket;
    take_all(bucket, 1, second);
    for (int i = 0; i < 100; ++i) EXPECT_GT(bucket.take(1, second), 0);
    EXPECT_EQ(bucket.take(1, 2 * second), 0);
}

TEST(TokenBucket, ThreadsShareIt) {
    TokenBucket bucket;
    std::atomic<int> taken{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&] { taken += take_all(bucket, 1000, second); });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(taken, 1000);
}

}  // namespace
}  // namespace faregate::http
