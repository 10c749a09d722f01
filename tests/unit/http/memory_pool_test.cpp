#include "http/memory_pool.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace faregate::http {
namespace {

constexpr std::size_t free_bytes = MemoryShare::free_bytes;

TEST(MemoryPool, GivesWhatThereIsAndNoMore) {
    MemoryPool pool(100);
    EXPECT_TRUE(pool.take(60));
    EXPECT_FALSE(pool.take(41));
    EXPECT_TRUE(pool.take(40));
    EXPECT_FALSE(pool.take(1));
    pool.give_back(100);
    EXPECT_EQ(pool.used(), 0U);
}

TEST(MemoryPool, HasNothingWhileMoreThanAllIsTaken) {
    MemoryPool pool(100);
    pool.take_anyway(150);
    EXPECT_FALSE(pool.take(1));
    pool.give_back(51);
    EXPECT_TRUE(pool.take(1));
}

TEST(MemoryPool, NeverGivesMoreThanItHasToThreadsThatAskAtOnce) {
    MemoryPool pool(1'000);
    std::atomic<std::uint64_t> taken{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&] {
            for (int turn = 0; turn < 1'000; ++turn) taken += pool.take(7) ? 7 : 0;
        });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(taken, 994U);
    EXPECT_EQ(pool.used(), 994U);
}

TEST(MemoryShare, OrdinaryRequestsTakeNothing) {
    MemoryPool pool(0);
    MemoryShare share(pool);
    EXPECT_TRUE(share.set(free_bytes));
    EXPECT_FALSE(share.add(1));
    EXPECT_EQ(share.bytes(), free_bytes);
}

TEST(MemoryShare, TakesTheDifferenceAndGivesItBack) {
    MemoryPool pool(1'000);
    {
        MemoryShare share(pool);
        EXPECT_TRUE(share.set(free_bytes + 600));
        EXPECT_TRUE(share.add(400));
        EXPECT_EQ(pool.used(), 1'000U);
        EXPECT_FALSE(share.add(1));
        EXPECT_TRUE(share.set(free_bytes + 10));
        EXPECT_EQ(pool.used(), 10U);
        EXPECT_TRUE(share.set(5));
        EXPECT_EQ(pool.used(), 0U);
        EXPECT_TRUE(share.set(free_bytes + 1));
    }
    EXPECT_EQ(pool.used(), 0U);
}

TEST(MemoryShare, WhatCannotBeRefusedCountsAllTheSame) {
    MemoryPool pool(10);
    MemoryShare answer(pool);
    answer.set_anyway(free_bytes + 50);
    EXPECT_EQ(pool.used(), 50U);
    MemoryShare other(pool);
    EXPECT_FALSE(other.set(free_bytes + 1));
    answer.set_anyway(0);
    EXPECT_EQ(pool.used(), 0U);
    EXPECT_TRUE(other.set(free_bytes + 1));
}

}  // namespace
}  // namespace faregate::http
