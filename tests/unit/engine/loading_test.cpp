#include <gtest/gtest.h>

#include "support/engine_rig.h"

namespace faregate::engine {
namespace {

using namespace ledger;
using support::EngineRig;

/// What is loaded comes from a database that people can reach, so nothing of it is believed.
class Loading : public ::testing::Test {
  protected:
    Loading() {
        Asset usd;
        usd.code = "USD";
        usd.scale = 2;
        rig.engine.loader().add_asset(usd);
    }

    static Grant grant(std::uint64_t number, std::int64_t remaining, std::int64_t held) {
        Grant grant;
        grant.id = GrantId{Uid{number, 1}};
        grant.remaining = Amount::from_units(remaining);
        grant.held = Amount::from_units(held);
        return grant;
    }

    /// A wallet whose account is the sum of its grants.
    Wallet wallet(std::vector<Grant> grants) {
        Wallet wallet;
        wallet.id = id;
        wallet.grants = std::move(grants);
        Account& account = wallet.account(AssetIndex{0});
        for (const Grant& grant : wallet.grants) {
            account.posted += grant.remaining;
            account.held += grant.held;
        }
        return wallet;
    }

    Authorization hold(std::vector<HoldPart> parts) {
        Authorization hold;
        hold.id = AuthorizationId{Uid::make(Timestamp{1}, id.hash(), Epoch{1}, 1)};
        hold.wallet = id;
        hold.expires_at = Timestamp::never();
        HoldLine line;
        for (const HoldPart& part : parts) line.held += part.amount;
        line.parts = std::move(parts);
        hold.lines = {line};
        return hold;
    }

    void expect_refused(const std::string& why) {
        const Status finished = rig.engine.finish_recovery();
        ASSERT_FALSE(finished.has_value());
        EXPECT_EQ(finished.error().code, ErrorCode::corruption);
        EXPECT_NE(finished.error().message.find(why), std::string::npos)
            << finished.error().message;
    }

    EngineRig rig;
    const WalletId id = WalletId::trusted("acme");
};

TEST_F(Loading, AHoldThatPinsWhatAnotherGrantSaysIsHeldIsNotServed) {
    const Grant first = grant(1, 10, 5);
    const Grant second = grant(2, 10, 0);
    rig.engine.loader().add_wallet(wallet({first, second}));
    rig.engine.loader().add_authorization(hold({{second.id, Amount::from_units(5)}}));
    expect_refused("contradicts its holds");
}

TEST_F(Loading, AGrantThatHoldsMoreThanItHasIsNotServed) {
    const Grant first = grant(1, 10, 15);
    const Grant second = grant(2, 10, 0);
    rig.engine.loader().add_wallet(wallet({first, second}));
    rig.engine.loader().add_authorization(hold({{first.id, Amount::from_units(15)}}));
    expect_refused("contradicts its holds");
}

TEST_F(Loading, AGrantWithoutItsAccountIsNotServed) {
    Wallet broken;
    broken.id = id;
    broken.grants = {grant(1, 10, 0)};
    rig.engine.loader().add_wallet(broken);
    expect_refused("contradicts its holds");
}

TEST_F(Loading, AHoldThatIsStoredTwiceIsNotServed) {
    rig.engine.loader().add_wallet(wallet({grant(1, 10, 5)}));
    rig.engine.loader().add_authorization(hold({{GrantId{Uid{1, 1}}, Amount::from_units(5)}}));
    rig.engine.loader().add_authorization(hold({{GrantId{Uid{1, 1}}, Amount::from_units(5)}}));
    expect_refused("is stored twice");
}

TEST_F(Loading, OfSeveralContradictionsTheFirstIsTold) {
    Asset late;
    late.index.value = 7;
    rig.engine.loader().add_asset(late);
    rig.engine.loader().add_asset(late);
    rig.engine.loader().add_wallet(wallet({}));
    rig.engine.loader().add_wallet(wallet({}));
    Authorization lost = hold({});
    lost.wallet = WalletId::trusted("nobody");
    rig.engine.loader().add_authorization(lost);
    expect_refused("assets are not numbered without gaps");
}

// The audit is asked at any time, so it must see what has gone wrong since the start as well.
TEST_F(Loading, TheTotalsTellOfAnAccountThatContradictsItsGrants) {
    Wallet broken = wallet({grant(1, 10, 0)});
    broken.account(AssetIndex{0}).posted = Amount::from_units(11);
    EXPECT_TRUE(rig.engine.totals()[0].ok);
    rig.engine.loader().add_wallet(broken);
    EXPECT_FALSE(rig.engine.totals()[0].ok);
    EXPECT_EQ(rig.engine.totals()[0].posted, Amount::from_units(11));
}

TEST_F(Loading, TheTotalsTellOfAHoldThatNoAccountKnows) {
    rig.engine.loader().add_wallet(wallet({grant(1, 10, 0)}));
    rig.engine.loader().add_authorization(hold({{GrantId{Uid{1, 1}}, Amount::from_units(5)}}));
    EXPECT_FALSE(rig.engine.totals()[0].ok);
}

TEST_F(Loading, AStoredAnswerThatCannotBeReadIsNotGivenAndNothingIsExecuted) {
    rig.engine.loader().add_wallet(wallet({grant(1, 10, 0)}));
    IdempotencyRow row;
    row.wallet = id;
    row.key = support::key("1");
    row.at = rig.clock.now();
    row.lsn = Lsn{1};
    row.receipt = "garbage";
    rig.engine.loader().add_idempotency(row);
    ASSERT_TRUE(rig.engine.finish_recovery().has_value());

    const auto again = rig.try_execute(support::debit("acme", "0.01"), support::key("1"));
    ASSERT_FALSE(again.has_value());
    EXPECT_EQ(again.error().code, ErrorCode::corruption);
    EXPECT_EQ(rig.log.size(), 0U);
    EXPECT_EQ(rig.usd("acme"), "0.1/0/0.1");
}

TEST_F(Loading, AnAnswerOfAWalletThatIsNotThereIsDropped) {
    IdempotencyRow row;
    row.wallet = id;
    row.key = support::key("1");
    row.at = rig.clock.now();
    rig.engine.loader().add_idempotency(row);
    ASSERT_TRUE(rig.engine.finish_recovery().has_value());
    EXPECT_EQ(rig.engine.stats().idempotency_keys, 0U);
    EXPECT_EQ(
        rig.execute(support::debit("acme", "1"), support::key("1")).receipt.outcome,
        Outcome::wallet_not_found
    );
}

TEST(EmptyEngine, AnswersBeforeThereIsAnAssetOrAWallet) {
    EngineRig rig;
    const Execution missing = rig.execute(support::debit("acme", "1"));
    EXPECT_EQ(missing.receipt.outcome, Outcome::wallet_not_found);
    EXPECT_EQ(missing.lsn, Lsn{}) << "it depends on nothing";
    rig.execute(support::create_wallet("acme"));
    EXPECT_EQ(rig.execute(support::debit("acme", "1")).receipt.outcome, Outcome::asset_not_found);
    EXPECT_TRUE(rig.engine.totals().empty());
}

TEST(EngineOptionsDeathTest, TheNumberOfStripesIsAPowerOfTwoFromTwoTo65536) {
    for (const std::uint32_t count : {0U, 1U, 3U, 100U, 131'072U}) {
        EngineOptions options = EngineRig::default_options();
        options.stripe_count = count;
        EXPECT_DEATH(EngineRig{options}, "the number of stripes") << count;
    }
}

}  // namespace
}  // namespace faregate::engine
