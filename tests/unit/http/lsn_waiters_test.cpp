// The loop runs on the test's own thread, so that every step is the test's.
#include "http/lsn_waiters.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <thread>

namespace faregate::http {
namespace {

using std::chrono::milliseconds;

class LsnWaitersTest : public testing::Test {
  protected:
    void wait(std::uint64_t lsn) {
        asio::co_spawn(context_, wait_and_note(lsn), asio::detached);
        run();
    }
    Task<void> wait_and_note(std::uint64_t lsn) {
        const Lsn wanted{lsn};
        co_await waiters_.wait(wanted);
        woken_.push_back(lsn);
    }
    Task<void> wait_for_and_note(std::uint64_t lsn, milliseconds time) {
        const Lsn wanted{lsn};
        const bool reached = co_await waiters_.wait_for(wanted, time);
        reached_.push_back(reached);
    }
    /// Everything that is ready; returns how many handlers that were.
    std::size_t run() {
        context_.restart();
        return context_.poll();
    }

    engine::Watermark watermark_;
    asio::io_context context_{1};
    LsnWaiters waiters_{context_, watermark_};
    std::vector<std::uint64_t> woken_;
    std::vector<bool> reached_;
};

TEST_F(LsnWaitersTest, ResumesWhatIsReachedAndNoMore) {
    for (const std::uint64_t lsn : {5U, 3U, 9U, 5U}) wait(lsn);
    EXPECT_TRUE(woken_.empty());
    watermark_.publish(Lsn{5});
    run();
    EXPECT_EQ(woken_, (std::vector<std::uint64_t>{3, 5, 5}));
    watermark_.publish(Lsn{9});
    run();
    EXPECT_EQ(woken_.back(), 9U);
}

TEST_F(LsnWaitersTest, DoesNotWaitForWhatIsThere) {
    watermark_.publish(Lsn{7});
    wait(7);
    EXPECT_EQ(woken_.size(), 1U);
}

TEST_F(LsnWaitersTest, ARiseThatNobodyWaitsForCostsNothing) {
    wait(10);
    watermark_.publish(Lsn{8});
    watermark_.publish(Lsn{9});
    EXPECT_EQ(run(), 0U);
}

TEST_F(LsnWaitersTest, SeveralRisesAreOnePost) {
    for (std::uint64_t lsn = 1; lsn <= 100; ++lsn) wait(lsn);
    for (std::uint64_t lsn = 1; lsn <= 100; ++lsn) watermark_.publish(Lsn{lsn});
    EXPECT_EQ(run(), 1U);
    EXPECT_EQ(woken_.size(), 100U);
}

TEST_F(LsnWaitersTest, GivesUpAfterTheTime) {
    asio::co_spawn(context_, wait_for_and_note(1, milliseconds(5)), asio::detached);
    context_.run();
    ASSERT_EQ(reached_.size(), 1U);
    EXPECT_FALSE(reached_[0]);
    watermark_.publish(Lsn{1});
    run();
    EXPECT_EQ(reached_.size(), 1U);
}

TEST_F(LsnWaitersTest, IsInTimeBeforeTheTimeIsOver) {
    asio::co_spawn(context_, wait_for_and_note(1, milliseconds(60'000)), asio::detached);
    run();
    watermark_.publish(Lsn{1});
    run();
    ASSERT_EQ(reached_.size(), 1U);
    EXPECT_TRUE(reached_[0]);
}

TEST_F(LsnWaitersTest, LosesNobodyWhileAnotherThreadPublishes) {
    constexpr std::uint64_t count = 20'000;
    auto work = asio::make_work_guard(context_);
    std::thread publisher([&] {
        for (std::uint64_t lsn = 1; lsn <= count; ++lsn) watermark_.publish(Lsn{lsn});
    });
    for (std::uint64_t lsn = 1; lsn <= count; ++lsn) {
        asio::co_spawn(context_, wait_and_note(lsn), asio::detached);
        context_.poll();
    }
    publisher.join();
    work.reset();
    context_.restart();
    context_.run();
    EXPECT_EQ(woken_.size(), count);
}

TEST(LsnWaiters, TheWatermarkMayOutliveThem) {
    engine::Watermark watermark;
    {
        asio::io_context context{1};
        LsnWaiters waiters(context, watermark);
        auto forever = [](LsnWaiters& all) -> Task<void> {
            const Lsn never{1};
            co_await all.wait(never);
        };
        asio::co_spawn(context, forever(waiters), asio::detached);
        context.poll();
    }
    watermark.publish(Lsn{1});
}

}  // namespace
}  // namespace faregate::http
