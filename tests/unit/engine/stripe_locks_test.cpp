#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <latch>
#include <thread>
#include <vector>

#include "faregate/engine/record.h"
#include "support/engine_rig.h"

namespace faregate::engine {
namespace {

using support::authorization_of;

/// A log that stays in each append for a while, lets the other threads run meanwhile, and counts
/// how often one of them came in. Every append is made under its stripe's lock, so where there is
/// one wallet nobody does.
class SlowLog final : public MutationLog {
  public:
    Result<Lsn> append(std::string_view record) override {
        if (inside_.fetch_add(1) != 0) ++meetings_;
        let_others_run();
        auto lsn = log_.append(record);
        let_others_run();
        inside_.fetch_sub(1);
        return lsn;
    }
    Lsn applied_lsn() const override { return log_.applied_lsn(); }

    int meetings() const { return meetings_; }
    const support::MemoryLog& log() const { return log_; }

  private:
    static void let_others_run() {
        for (int i = 0; i < 8; ++i) std::this_thread::yield();
    }

    support::MemoryLog log_;
    std::atomic<int> inside_{0};
    std::atomic<int> meetings_{0};
};

/// One wallet with money, and threads that all want it.
class StripeLocks : public ::testing::Test {
  protected:
    static constexpr int thread_count = 8;

    StripeLocks() {
        must(engine.create_asset(support::asset("USD", 2), {}));
        must(engine.execute(support::create_wallet("acme"), {}));
        must(engine.execute(support::grant("acme", "1000000"), {}));
    }

    static Execution must(Result<Execution> execution) {
        EXPECT_TRUE(execution && execution->receipt.outcome == ledger::Outcome::accepted);
        return *std::move(execution);
    }

    Execution hold() { return must(engine.execute(support::authorize("acme", "1", 1), {})); }

    template <typename Body>
    void at_once(int rounds, Body body) {
        std::latch start(thread_count);
        std::vector<std::thread> threads;
        for (int i = 0; i < thread_count; ++i) {
            threads.emplace_back([&] {
                start.arrive_and_wait();
                for (int round = 0; round < rounds; ++round) body();
            });
        }
        for (std::thread& thread : threads) thread.join();
    }

    /// The records stand in the order in which they were made: their moments only rise.
    void expect_order() {
        EXPECT_EQ(log.meetings(), 0);
        Timestamp before;
        for (const std::string& bytes : log.log().records()) {
            const Timestamp at = decode_record(bytes)->mutation.at;
            EXPECT_LE(before, at);
            before = at;
        }
        for (const AssetTotals& total : engine.totals()) EXPECT_TRUE(total.ok);
    }

    support::ManualClock clock;
    SlowLog log;
    Engine engine{clock, log, support::EngineRig::default_options()};
};

TEST_F(StripeLocks, ARecordOfACommandGetsItsLsnUnderTheLock) {
    at_once(40, [&] {
        clock.advance(Duration{1});
        must(engine.execute(support::debit("acme", "1"), {}));
    });
    expect_order();
    EXPECT_EQ(engine.totals()[0].posted, Amount::from_units(100 * (1'000'000 - 40 * thread_count)));
}

// A read lets what is due happen first, so it writes records, too.
TEST_F(StripeLocks, ARecordOfAReadGetsItsLsnUnderTheLock) {
    for (int round = 0; round < 10; ++round) {
        for (int i = 0; i < 20; ++i) hold();
        const AuthorizationId last = authorization_of(hold());
        clock.advance(Duration::seconds(1));
        at_once(1, [&] {
            const auto wallet = engine.wallet(WalletId::trusted("acme"));
            EXPECT_TRUE((*wallet)->value.accounts[0].held.is_zero());
            EXPECT_FALSE((*engine.authorization(last))->value.is_open());
        });
    }
    expect_order();
}

TEST_F(StripeLocks, ARecordOfASweepGetsItsLsnUnderTheLock) {
    for (int round = 0; round < 10; ++round) {
        for (int i = 0; i < 20; ++i) hold();
        clock.advance(Duration::seconds(1));
        std::atomic<std::uint64_t> swept{0};
        at_once(1, [&] { swept += engine.sweep().value(); });
        EXPECT_EQ(swept, 20U);
    }
    expect_order();
}

}  // namespace
}  // namespace faregate::engine
