#include <gtest/gtest.h>

#include "support/describe.h"
#include "support/engine_rig.h"
#include "support/random_traffic.h"

namespace faregate::engine {
namespace {

using ledger::AuthorizationStatus;
using ledger::Outcome;
using support::EngineRig;

class EngineTime : public ::testing::Test {
  protected:
    EngineTime() {
        rig.create_assets();
        rig.create_wallet("acme", "100");
    }

    EngineRig rig;
};

TEST_F(EngineTime, AHoldExpiresAtItsMomentAndNotBefore) {
    const Execution held = rig.execute(support::authorize("acme", "100", 10));
    rig.clock.advance(Duration{Duration::seconds(10).microseconds - 1});
    EXPECT_EQ(
        rig.execute(support::debit("acme", "1")).receipt.outcome, Outcome::insufficient_funds
    );
    rig.clock.advance(Duration{1});
    EXPECT_EQ(rig.execute(support::debit("acme", "1")).receipt.outcome, Outcome::accepted);
    const auto found = rig.engine.authorization(support::authorization_of(held));
    EXPECT_EQ((*found)->value.status, AuthorizationStatus::expired);
    EXPECT_EQ((*found)->value.closed_at, held.receipt.expires_at);
}

TEST_F(EngineTime, ACaptureAtTheMomentOfExpiryIsLate) {
    const Execution held = rig.execute(support::authorize("acme", "60", 10));
    rig.clock.advance(Duration::seconds(10));
    const Execution captured = rig.execute(support::capture(held));
    EXPECT_EQ(captured.receipt.outcome, Outcome::accepted);
    EXPECT_TRUE(captured.receipt.late);
    EXPECT_EQ(rig.usd("acme"), "40/0/40");
}

TEST_F(EngineTime, ReadsLetHappenWhatIsDue) {
    const Execution held = rig.execute(support::authorize("acme", "60", 10));
    rig.clock.advance(Duration::seconds(10));
    EXPECT_EQ(rig.usd("acme"), "100/0/100");
    EXPECT_EQ(rig.engine.stats().open_authorizations, 0U);
    const Execution second = rig.execute(support::authorize("acme", "60", 10));
    rig.clock.advance(Duration::seconds(10));
    const auto read = rig.engine.authorization(support::authorization_of(second));
    EXPECT_EQ((*read)->value.status, AuthorizationStatus::expired);
    // What was read depends on the expiry's own record.
    EXPECT_EQ((*read)->lsn, rig.log.last());
}

TEST_F(EngineTime, GoesOnWhenTheClockIsSetBack) {
    const Execution held = rig.execute(support::authorize("acme", "60", 10));
    const Timestamp reached = rig.engine.now();
    rig.clock.set(Timestamp{reached.microseconds - Duration::seconds(3600).microseconds});
    EXPECT_EQ(rig.engine.now(), reached);
    const Execution later = rig.execute(support::authorize("acme", "10", 10));
    EXPECT_EQ(later.receipt.created_at, reached);
    EXPECT_NE(support::authorization_of(later), support::authorization_of(held));
    // A hold does not live longer for it: time stands until the clock has caught up.
    rig.clock.set(reached + Duration::seconds(10));
    EXPECT_EQ(rig.usd("acme"), "100/0/100");
    // Nor does time go back after a restart.
    EngineRig restarted(EngineRig::default_options(), rig.log.last());
    restarted.clock.set(Timestamp{1});
    ASSERT_TRUE(support::replay(restarted.engine, rig.log).has_value());
    EXPECT_EQ(restarted.engine.now(), reached + Duration::seconds(10));
    EXPECT_EQ(restarted.usd("acme"), "100/0/100");
}

TEST_F(EngineTime, ClosedAuthorizationsAreFoundForTheRetention) {
    const Duration retention = EngineRig::default_options().retention;
    const Execution held = rig.execute(support::authorize("acme", "60", 10));
    rig.execute(support::give_back(held));
    rig.clock.advance(Duration{retention.microseconds - 1});
    EXPECT_TRUE(rig.engine.authorization(support::authorization_of(held))->has_value());
    EXPECT_EQ(rig.execute(support::capture(held)).receipt.outcome, Outcome::authorization_state);
    rig.clock.advance(Duration{1});
    EXPECT_FALSE(rig.engine.authorization(support::authorization_of(held))->has_value());
    EXPECT_EQ(
        rig.execute(support::capture(held)).receipt.outcome, Outcome::authorization_not_found
    );
    EXPECT_EQ(rig.engine.stats().closed_authorizations, 0U);
}

TEST_F(EngineTime, AnIncrementMovesTheExpiry) {
    const Execution held = rig.execute(support::authorize("acme", "60", 10));
    rig.clock.advance(Duration::seconds(9));
    rig.execute(ledger::Increment{support::authorization_of(held), {}, Duration::seconds(60)});
    rig.clock.advance(Duration::seconds(59));
    EXPECT_EQ(rig.usd("acme"), "100/60/40");
    rig.clock.advance(Duration::seconds(1));
    EXPECT_EQ(rig.usd("acme"), "100/0/100");
    EXPECT_EQ(rig.engine.sweep().value(), 0U);
}

/// Runs the same traffic on two engines, one of which is swept all the time.
void compare_with_and_without_sweeps(std::uint32_t seed) {
    EngineRig swept;
    EngineRig idle;
    swept.create_assets();
    idle.create_assets();
    support::RandomTraffic traffic(seed, support::wallet_ids(5));
    for (int i = 0; i < 800; ++i) {
        const Duration step = Duration::milliseconds(traffic.below(4'000));
        swept.clock.advance(step);
        idle.clock.advance(step);
        if (traffic.below(2) == 0) {
            ASSERT_TRUE(swept.engine.sweep().has_value());
        }
        const auto request = traffic.next(idle.clock.now());
        const Execution one = swept.execute(request.command, request.key);
        const Execution two = idle.execute(request.command, request.key);
        ASSERT_EQ(support::describe(one.receipt), support::describe(two.receipt)) << "step " << i;
        ASSERT_EQ(one.replayed, two.replayed);
        traffic.learn(request, one);
    }
    const auto describe = [&](EngineRig& rig) {
        return support::without_lsns(rig.describe(traffic.wallets(), traffic.authorizations()));
    };
    ASSERT_TRUE(idle.engine.sweep().has_value());
    EXPECT_EQ(describe(swept), describe(idle));
}

TEST(EngineSweep, MakesNoDifferenceToAnyAnswer) {
    for (std::uint32_t seed = 1; seed <= 5; ++seed) {
        compare_with_and_without_sweeps(seed);
        if (::testing::Test::HasFatalFailure()) FAIL() << "seed " << seed;
    }
}

TEST(EngineSweep, ExpiresIdleWallets) {
    EngineRig rig;
    rig.create_assets();
    for (int i = 0; i < 20; ++i) {
        const std::string wallet = "w" + std::to_string(i);
        rig.create_wallet(wallet, "10");
        rig.execute(support::authorize(wallet, "4", 1 + i));
    }
    rig.clock.advance(Duration::seconds(10));
    EXPECT_EQ(rig.engine.sweep().value(), 10U);
    EXPECT_EQ(rig.engine.stats().open_authorizations, 10U);
    rig.clock.advance(Duration::seconds(100));
    EXPECT_EQ(rig.engine.sweep().value(), 10U);
    EXPECT_EQ(rig.engine.totals()[0].held, Amount{});
}

}  // namespace
}  // namespace faregate::engine
