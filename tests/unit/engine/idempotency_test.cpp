#include "faregate/engine/idempotency.h"

#include <gtest/gtest.h>

#include "faregate/engine/record.h"
#include "support/describe.h"
#include "support/engine_rig.h"

namespace faregate::engine {
namespace {

using ledger::Outcome;
using support::amounts;
using support::EngineRig;
using support::key;

class Idempotency : public ::testing::Test {
  protected:
    Idempotency() {
        rig.create_assets();
        rig.create_wallet("acme", "100");
        rig.create_wallet("other", "100");
    }

    /// Executes twice with one key; the second time must be a replay of the first, without effect.
    Execution twice(const ledger::Command& command, const IdempotencyKey& with) {
        const Execution first = rig.execute(command, with);
        EXPECT_FALSE(first.replayed);
        expect_replay(command, with, first);
        return first;
    }

    void expect_replay(
        const ledger::Command& command, const IdempotencyKey& with, const Execution& first
    ) {
        const std::size_t records = rig.log.size();
        const Execution again = rig.execute(command, with);
        EXPECT_TRUE(again.replayed);
        EXPECT_EQ(support::describe(again.receipt), support::describe(first.receipt));
        EXPECT_EQ(again.lsn, first.lsn);
        EXPECT_EQ(rig.log.size(), records);
    }

    EngineRig rig;
};

TEST_F(Idempotency, EveryCommandIsReplayed) {
    twice(support::create_wallet("new"), key("1"));
    const Execution granted = twice(support::grant("acme", "5"), key("2"));
    const Execution held = twice(support::authorize("acme", "30,TOK:0"), key("bad"));
    EXPECT_EQ(held.receipt.outcome, Outcome::invalid_amount);
    const Execution first = twice(support::authorize("acme", "30"), key("3"));
    twice(ledger::Increment{support::authorization_of(first), amounts("1"), {}}, key("4"));
    twice(ledger::Capture{support::authorization_of(first), amounts("7"), false}, key("5"));
    twice(support::capture(first, "7"), key("6"));
    const Execution second = twice(support::authorize("acme", "30"), key("7"));
    twice(support::give_back(second), key("8"));
    twice(support::debit("acme", "1"), key("9"));
    EXPECT_EQ(
        twice(ledger::RevokeGrant{support::grant_of(granted)}, key("10")).receipt.outcome,
        Outcome::accepted
    );
    EXPECT_EQ(rig.usd("acme"), "85/0/85");
}

TEST_F(Idempotency, DeclinesAreReplayedEvenWhenTheyWouldSucceedNow) {
    const Execution declined = twice(support::debit("acme", "101"), key("1"));
    EXPECT_EQ(declined.receipt.outcome, Outcome::insufficient_funds);
    rig.execute(support::grant("acme", "500"));
    expect_replay(support::debit("acme", "101"), key("1"), declined);
    EXPECT_EQ(rig.usd("acme"), "600/0/600");
}

TEST_F(Idempotency, AKeyWithAnotherBodyIsAnErrorWithoutEffect) {
    rig.execute(support::debit("acme", "1"), key("1", "one"));
    const std::size_t records = rig.log.size();
    const Execution reused = rig.execute(support::debit("acme", "2"), key("1", "two"));
    EXPECT_EQ(reused.receipt.outcome, Outcome::idempotency_key_reused);
    EXPECT_EQ(reused.receipt.wallet.text(), "acme");
    EXPECT_FALSE(reused.replayed);
    EXPECT_GT(reused.lsn, Lsn{});
    EXPECT_EQ(rig.log.size(), records);
    EXPECT_EQ(rig.usd("acme"), "99/0/99");
    // The first answer is still the key's.
    EXPECT_TRUE(rig.execute(support::debit("acme", "1"), key("1", "one")).replayed);
    // A dry run sees the reuse too, and leaves no answer of its own.
    auto dry_run = support::authorize("acme", "1");
    dry_run.dry_run = true;
    EXPECT_EQ(
        rig.execute(dry_run, key("1", "three")).receipt.outcome, Outcome::idempotency_key_reused
    );
    EXPECT_FALSE(rig.execute(dry_run, key("2", "dry")).replayed);
    EXPECT_FALSE(rig.execute(dry_run, key("2", "dry")).replayed);
    EXPECT_FALSE(rig.execute(support::debit("acme", "1"), key("2", "wet")).replayed);
}

// With more wallets than stripes, some of them are behind one lock and share a table of keys.
TEST_F(Idempotency, KeysBelongToTheirWallet) {
    const auto stripe_count = static_cast<int>(EngineRig::default_options().stripe_count);
    for (int i = 0; i <= stripe_count; ++i) {
        const std::string wallet = "wallet" + std::to_string(i);
        rig.create_wallet(wallet, "100");
        EXPECT_FALSE(rig.execute(support::debit(wallet, "1"), key("1")).replayed);
        EXPECT_EQ(rig.usd(wallet), "99/0/99");
    }
    EXPECT_FALSE(rig.execute(support::debit("acme", "1"), key("1")).replayed);
    EXPECT_TRUE(rig.execute(support::debit("wallet0", "1"), key("1")).replayed);
}

TEST_F(Idempotency, AnUnknownWalletKeepsNoKey) {
    const Execution missing = rig.execute(support::debit("nobody", "1"), key("1", "one"));
    EXPECT_EQ(missing.receipt.outcome, Outcome::wallet_not_found);
    EXPECT_EQ(missing.receipt.wallet.text(), "");
    rig.create_wallet("nobody", "5");
    const Execution found = rig.execute(support::debit("nobody", "1"), key("1", "one"));
    EXPECT_EQ(found.receipt.outcome, Outcome::accepted);
    EXPECT_FALSE(found.replayed);
}

TEST_F(Idempotency, AssetsHaveKeysOfTheirOwn) {
    const auto first = rig.engine.create_asset(support::asset("EUR", 2), key("1"));
    const std::size_t records = rig.log.size();
    const auto again = rig.engine.create_asset(support::asset("EUR", 2), key("1"));
    EXPECT_TRUE(again->replayed);
    EXPECT_EQ(again->lsn, first->lsn);
    EXPECT_EQ(support::describe(again->receipt), support::describe(first->receipt));
    EXPECT_EQ(rig.log.size(), records);
    const auto reused = rig.engine.create_asset(support::asset("GBP", 2), key("1", "else"));
    EXPECT_EQ(reused->receipt.outcome, Outcome::idempotency_key_reused);
    const auto exists = rig.engine.create_asset(support::asset("EUR", 3), key("2"));
    EXPECT_EQ(exists->receipt.outcome, Outcome::asset_exists);
    EXPECT_EQ(exists->lsn, first->lsn);
    EXPECT_EQ(rig.engine.assets().value->find("EUR")->scale, 2);
    EXPECT_FALSE(rig.execute(support::debit("acme", "1"), key("1")).replayed);
}

TEST_F(Idempotency, KeysAreKeptForTheRetentionAndNotLonger) {
    const Duration retention = EngineRig::default_options().retention;
    rig.execute(support::debit("acme", "1"), key("1"));
    rig.clock.advance(Duration{retention.microseconds - 1});
    EXPECT_TRUE(rig.execute(support::debit("acme", "1"), key("1")).replayed);
    rig.clock.advance(Duration{1});
    EXPECT_FALSE(rig.execute(support::debit("acme", "1"), key("1")).replayed);
    // And from then on the new answer counts, for as long again.
    rig.clock.advance(Duration{retention.microseconds - 1});
    EXPECT_TRUE(rig.execute(support::debit("acme", "1"), key("1")).replayed);
    EXPECT_EQ(rig.usd("acme"), "98/0/98");
}

TEST_F(Idempotency, OldKeysLeaveMemory) {
    for (int i = 0; i < 50; ++i) rig.execute(support::debit("acme", "1"), key(std::to_string(i)));
    EXPECT_EQ(rig.engine.stats().idempotency_keys, 50U);
    rig.clock.advance(EngineRig::default_options().retention);
    rig.execute(support::debit("acme", "1"), key("new"));
    EXPECT_EQ(rig.engine.stats().idempotency_keys, 1U);
}

// A revoked grant that nothing holds leaves memory at once, and with it the way from the grant to
// the wallet whose keys were to be looked up: the repetition was answered with grant_not_found.
TEST_F(Idempotency, ARevocationIsReplayedAlthoughTheGrantIsGone) {
    const Execution granted = rig.execute(support::grant("acme", "5"));
    const ledger::RevokeGrant revoke{support::grant_of(granted)};
    const Execution revoked = twice(revoke, key("1"));
    EXPECT_EQ(revoked.receipt.outcome, Outcome::accepted);
    EXPECT_EQ(rig.execute(revoke, key("2")).receipt.outcome, Outcome::grant_not_found);
}

// A late capture is younger than the end of its authorization, so its key is kept longer.
TEST_F(Idempotency, ALateCaptureIsReplayedAfterItsAuthorizationWasForgotten) {
    const Duration retention = EngineRig::default_options().retention;
    const Execution held = rig.execute(support::authorize("acme", "30", 1));
    rig.clock.advance(Duration::seconds(1 + 3600));
    const Execution captured = twice(support::capture(held), key("late"));
    ASSERT_EQ(captured.receipt.outcome, Outcome::accepted);
    rig.clock.advance(Duration{retention.microseconds - 1});
    EXPECT_EQ(
        rig.execute(support::capture(held)).receipt.outcome, Outcome::authorization_not_found
    );
    expect_replay(support::capture(held), key("late"), captured);
    rig.clock.advance(Duration{1});
    EXPECT_EQ(
        rig.execute(support::capture(held), key("late")).receipt.outcome,
        Outcome::authorization_not_found
    );
}

TEST_F(Idempotency, SurvivesReplayOfTheLog) {
    const Execution granted = rig.execute(support::grant("acme", "5"), key("grant"));
    const Execution accepted = rig.execute(support::authorize("acme", "30"), key("accepted"));
    const Execution declined = rig.execute(support::debit("acme", "5000"), key("declined"));
    const ledger::RevokeGrant revoke{support::grant_of(granted)};
    const Execution revoked = rig.execute(revoke, key("revoked"));
    const auto asset = rig.engine.create_asset(support::asset("EUR", 2), key("asset"));

    EngineRig restarted(EngineRig::default_options(), rig.log.last());
    ASSERT_TRUE(support::replay(restarted.engine, rig.log).has_value());
    const auto expect_same = [&](const Result<Execution>& again, const Execution& first) {
        EXPECT_TRUE(again->replayed);
        EXPECT_EQ(support::describe(again->receipt), support::describe(first.receipt));
        EXPECT_EQ(again->lsn, first.lsn);
    };
    expect_same(restarted.execute(support::authorize("acme", "30"), key("accepted")), accepted);
    expect_same(restarted.execute(support::debit("acme", "5000"), key("declined")), declined);
    expect_same(restarted.execute(revoke, key("revoked")), revoked);
    expect_same(restarted.engine.create_asset(support::asset("EUR", 2), key("asset")), *asset);
    const Execution reused =
        restarted.execute(support::debit("acme", "1"), key("declined", "else"));
    EXPECT_EQ(reused.receipt.outcome, Outcome::idempotency_key_reused);
    EXPECT_EQ(restarted.log.size(), 0U);
}

class AnswersWithoutMemory : public ::testing::Test {
  protected:
    static EngineOptions options() {
        EngineOptions options = EngineRig::default_options();
        options.answers_bytes_max = 0;
        return options;
    }

    AnswersWithoutMemory() {
        rig.create_assets();
        rig.create_wallet("acme", "100");
    }

    void debit(const char* with) { rig.execute(support::debit("acme", "1"), key(with)); }
    Execution again(const char* with) {
        const Execution found = rig.execute(support::debit("acme", "1"), key(with));
        EXPECT_TRUE(found.replayed);
        return found;
    }

    EngineRig rig{options()};
};

TEST_F(AnswersWithoutMemory, AnAnswerStaysUntilTheDatabaseHasIt) {
    debit("1");
    const Lsn first = rig.log.last();
    debit("2");
    EXPECT_FALSE(again("1").answer_elsewhere);
    rig.log.set_applied(first);
    debit("3");
    EXPECT_TRUE(again("1").answer_elsewhere);
    EXPECT_EQ(again("1").lsn, first);
    EXPECT_FALSE(again("2").answer_elsewhere);
    EXPECT_FALSE(again("3").answer_elsewhere);
    EXPECT_EQ(rig.usd("acme"), "97/0/97");
}

TEST_F(AnswersWithoutMemory, AReusedKeyIsKnownWithoutItsAnswer) {
    debit("1");
    rig.log.set_applied(rig.log.last());
    debit("2");
    const Execution reused = rig.execute(support::debit("acme", "2"), key("1", "else"));
    EXPECT_EQ(reused.receipt.outcome, Outcome::idempotency_key_reused);
    EXPECT_FALSE(reused.answer_elsewhere);
}

TEST_F(AnswersWithoutMemory, ARowOfAnotherRequestIsNoAnswer) {
    debit("1");
    const Lsn lsn = rig.log.last();
    rig.log.set_applied(lsn);
    debit("2");
    const ledger::Receipt receipt;
    const auto recall = [&](const IdempotencyKey& with, Lsn at) {
        Execution execution = again("1");
        const IdempotencyRow row{
            WalletId::trusted("acme"), with, rig.clock.now(), at, encode_receipt(receipt)};
        const Status read = recall_answer(execution, key("1"), row);
        EXPECT_EQ(execution.answer_elsewhere, !read.has_value());
        return read ? std::string("read") : read.error().message;
    };
    const std::string other =
        "the answer at LSN " + std::to_string(lsn.value) + " is another request's";
    EXPECT_EQ(recall(key("1"), lsn), "read");
    EXPECT_EQ(recall(key("2"), lsn), other);
    EXPECT_EQ(recall(key("1", "else"), lsn), other);
    EXPECT_EQ(recall(key("1"), lsn.next()), other);
}

// As many as fill several blocks of keys, of which the oldest leave one by one.
TEST(ManyKeys, AreFoundForTheRetentionAndNoLonger) {
    EngineOptions options = EngineRig::default_options();
    options.retention = Duration::seconds(1000);
    EngineRig rig(options);
    rig.create_assets();
    rig.create_wallet("acme", "5000");
    for (int i = 0; i < 3000; ++i) {
        rig.execute(support::debit("acme", "1"), key(std::to_string(i)));
        rig.clock.advance(Duration::seconds(1));
    }
    EXPECT_EQ(rig.engine.stats().idempotency_keys, 1000U);
    for (int i = 2001; i < 3000; ++i) {
        const auto with = key(std::to_string(i));
        EXPECT_TRUE(rig.execute(support::debit("acme", "1"), with).replayed) << i;
    }
    EXPECT_FALSE(rig.execute(support::debit("acme", "1"), key("2000")).replayed);
    EXPECT_EQ(rig.usd("acme"), "1999/0/1999");
}

TEST(IdempotencyKey, TellsKeysAndRequestsApart) {
    const IdempotencyKey one = IdempotencyKey::make("a", "x");
    EXPECT_EQ(one.digest, IdempotencyKey::make("a", "y").digest);
    EXPECT_NE(one.fingerprint, IdempotencyKey::make("a", "y").fingerprint);
    EXPECT_EQ(one.fingerprint, IdempotencyKey::make("b", "x").fingerprint);
    EXPECT_NE(one.digest, IdempotencyKey::make("b", "x").digest);
    // The first half of SHA-256 of "abc": part of what is stored, so it never changes.
    const IdempotencyKey golden = IdempotencyKey::make("abc", "");
    EXPECT_EQ(golden.digest[0], 0xba);
    EXPECT_EQ(golden.digest[15], 0x23);
}

}  // namespace
}  // namespace faregate::engine
