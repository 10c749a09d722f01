#include "faregate/engine/watermark.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace faregate::engine {
namespace {

TEST(Watermark, RisesAndNeverFalls) {
    Watermark watermark;
    EXPECT_EQ(watermark.value(), Lsn{});
    watermark.publish(Lsn{5});
    EXPECT_EQ(watermark.value(), Lsn{5});
    watermark.publish(Lsn{3});
    EXPECT_EQ(watermark.value(), Lsn{5});
    watermark.publish(Lsn{6});
    EXPECT_EQ(watermark.value(), Lsn{6});
}

TEST(Watermark, TellsItsListenersOfEveryRise) {
    Watermark watermark;
    std::vector<std::uint64_t> first;
    std::vector<std::uint64_t> second;
    watermark.subscribe([&](Lsn lsn) { first.push_back(lsn.value); });
    watermark.publish(Lsn{2});
    watermark.subscribe([&](Lsn lsn) { second.push_back(lsn.value); });
    watermark.publish(Lsn{2});
    watermark.publish(Lsn{1});
    watermark.publish(Lsn{9});
    EXPECT_EQ(first, (std::vector<std::uint64_t>{2, 9}));
    EXPECT_EQ(second, (std::vector<std::uint64_t>{9}));
}

TEST(Watermark, HasTheValueThatItTellsOf) {
    Watermark watermark;
    watermark.subscribe([&](Lsn lsn) { EXPECT_EQ(watermark.value(), lsn); });
    watermark.publish(Lsn{4});
}

TEST(Watermark, WaitingEndsWithTheRiseOrWithTheTime) {
    Watermark watermark;
    EXPECT_TRUE(watermark.wait(Lsn{}, 0));
    EXPECT_FALSE(watermark.wait(Lsn{1}, 0));
    EXPECT_FALSE(watermark.wait(Lsn{1}, 5));
    std::thread publisher([&] {
        for (std::uint64_t lsn = 1; lsn <= 100; ++lsn) watermark.publish(Lsn{lsn});
    });
    EXPECT_TRUE(watermark.wait(Lsn{100}, 10'000));
    publisher.join();
    EXPECT_TRUE(watermark.wait(Lsn{100}, 0));
    EXPECT_FALSE(watermark.wait(Lsn{101}, 0));
}

TEST(Watermark, ManyPublishersRaiseItInOrder) {
    Watermark watermark;
    std::uint64_t last = 0;
    bool rising = true;
    // Listeners are called one at a time, so they need no lock of their own.
    watermark.subscribe([&](Lsn lsn) {
        rising = rising && lsn.value > last;
        last = lsn.value;
    });
    std::atomic<std::uint64_t> next{0};
    std::vector<std::thread> publishers;
    for (int i = 0; i < 4; ++i) {
        publishers.emplace_back([&] {
            for (int j = 0; j < 500; ++j) watermark.publish(Lsn{++next});
        });
    }
    for (std::thread& publisher : publishers) publisher.join();
    EXPECT_TRUE(rising);
    EXPECT_EQ(last, 2'000U);
    EXPECT_EQ(watermark.value(), Lsn{2'000});
}

}  // namespace
}  // namespace faregate::engine
