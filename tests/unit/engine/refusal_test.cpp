#include <gtest/gtest.h>

#include <vector>

#include "support/describe.h"
#include "support/engine_rig.h"

namespace faregate::engine {
namespace {

using ledger::Outcome;
using support::amounts;
using support::EngineRig;
using support::key;

/// A wallet with one of everything, so that every command has something to do.
class Refusal : public ::testing::Test {
  protected:
    Refusal() {
        rig.create_assets();
        rig.create_wallet("acme", "100");
        granted = rig.execute(support::grant("acme", "50"));
        held = rig.execute(support::authorize("acme", "30"));
    }

    std::string state() {
        return rig.describe({WalletId::trusted("acme")}, {support::authorization_of(held)});
    }

    EngineRig rig;
    Execution granted;
    Execution held;
};

TEST_F(Refusal, ChangesNothingAtAllWhateverTheCommand) {
    ledger::UpdateWallet update;
    update.wallet = WalletId::trusted("acme");
    update.name = "renamed";
    const ledger::Command commands[] = {
        support::create_wallet("new"),
        update,
        support::grant("acme", "5"),
        ledger::RevokeGrant{support::grant_of(granted)},
        support::authorize("acme", "5,TOK:0"),
        support::authorize("acme", "5"),
        support::debit("acme", "5"),
        support::capture(held, "10"),
        support::give_back(held),
        ledger::Increment{support::authorization_of(held), amounts("5"), Duration::seconds(900)},
    };
    const std::string before = state();
    rig.log.refuse_after(0);
    for (const ledger::Command& command : commands) {
        const auto refused = rig.try_execute(command, key("1"));
        const auto* authorize = std::get_if<ledger::Authorize>(&command);
        const bool declined = authorize != nullptr && authorize->amounts.size() == 2;
        // A decline is kept for its key, so it cannot be given either.
        ASSERT_FALSE(refused.has_value()) << command.index() << declined;
        EXPECT_EQ(refused.error().code, ErrorCode::unavailable);
        EXPECT_EQ(state(), before);
    }
    EXPECT_FALSE(rig.engine.create_asset(support::asset("EUR", 2), key("1")).has_value());
    EXPECT_EQ(state(), before);
    EXPECT_EQ(rig.engine.stats().idempotency_keys, 0U);
    EXPECT_EQ(rig.engine.wallet(WalletId::trusted("new"))->has_value(), false);

    // The same requests with the same keys are not known, and are executed now.
    rig.log.accept_again();
    EXPECT_FALSE(rig.execute(support::debit("acme", "5"), key("1")).replayed);
    EXPECT_EQ(
        rig.engine.create_asset(support::asset("EUR", 2), key("1"))->receipt.outcome,
        Outcome::accepted
    );
}

TEST_F(Refusal, StillAnswersWhatNeedsNoRecord) {
    rig.log.refuse_after(0);
    EXPECT_EQ(
        rig.execute(support::debit("acme", "999")).receipt.outcome, Outcome::insufficient_funds
    );
    EXPECT_EQ(rig.usd("acme"), "150/30/120");
    auto dry_run = support::authorize("acme", "5");
    dry_run.dry_run = true;
    EXPECT_EQ(rig.execute(dry_run).receipt.outcome, Outcome::accepted);
}

TEST_F(Refusal, OfAnExpiryKeepsItDue) {
    auto expiring = support::grant("acme", "7");
    expiring.expires_at = rig.clock.now() + Duration::seconds(300);
    auto scheduled = support::grant("acme", "9");
    scheduled.effective_at = rig.clock.now() + Duration::seconds(300);
    rig.execute(expiring);
    rig.execute(scheduled);
    EXPECT_EQ(rig.usd("acme"), "157/30/127");
    rig.clock.advance(Duration::seconds(300));
    rig.log.refuse_after(0);
    EXPECT_EQ(rig.try_execute(support::debit("acme", "1")).error().code, ErrorCode::unavailable);
    EXPECT_EQ(rig.engine.wallet(WalletId::trusted("acme")).error().code, ErrorCode::unavailable);
    EXPECT_EQ(
        rig.engine.authorization(support::authorization_of(held)).error().code,
        ErrorCode::unavailable
    );
    EXPECT_EQ(rig.engine.sweep().error().code, ErrorCode::unavailable);
    EXPECT_TRUE(rig.engine.stats().open_authorizations == 1);

    // One at a time: each that is admitted happens once, and the others stay due.
    const char* expected[] = {"166/30/136", "166/0/166", "159/0/159"};
    for (const char* balance : expected) {
        rig.log.refuse_after(1);
        EXPECT_EQ(rig.engine.sweep().has_value(), std::string(balance) == expected[2]);
        EXPECT_EQ(
            rig.engine.totals()[0].posted.to_string(2) + "/" +
                rig.engine.totals()[0].held.to_string(2),
            std::string(balance).substr(0, std::string(balance).rfind('/'))
        );
    }
    rig.log.accept_again();
    EXPECT_EQ(rig.usd("acme"), "159/0/159");
    EXPECT_EQ(rig.engine.sweep().value(), 0U);
}

TEST_F(Refusal, InTheMiddleOfWhatIsDueExecutesNothing) {
    rig.execute(support::authorize("acme", "10", 300));
    rig.clock.advance(Duration::seconds(300));
    rig.log.refuse_after(2);  // Two expiries, but not the debit after them.
    const std::size_t records = rig.log.size();
    EXPECT_EQ(
        rig.try_execute(support::debit("acme", "1"), key("1")).error().code, ErrorCode::unavailable
    );
    EXPECT_EQ(rig.log.size(), records + 2);
    rig.log.accept_again();
    EXPECT_EQ(rig.usd("acme"), "150/0/150");
    EXPECT_FALSE(rig.execute(support::debit("acme", "1"), key("1")).replayed);
}

TEST_F(Refusal, GivesNoIdTwice) {
    rig.log.refuse_after(0);
    ASSERT_FALSE(rig.try_execute(support::debit("acme", "1")).has_value());
    rig.log.accept_again();
    const Execution one = rig.execute(support::debit("acme", "1"));
    const Execution two = rig.execute(support::debit("acme", "1"));
    EXPECT_NE(one.receipt.subject, two.receipt.subject);
}

}  // namespace
}  // namespace faregate::engine
