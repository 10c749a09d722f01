#include "faregate/engine/engine.h"

#include <gtest/gtest.h>

#include "faregate/engine/record.h"
#include "support/describe.h"
#include "support/engine_rig.h"

namespace faregate::engine {
namespace {

using ledger::Outcome;
using support::EngineRig;
using support::key;

class EngineBasics : public ::testing::Test {
  protected:
    EngineBasics() {
        rig.create_assets();
        rig.create_wallet("acme", "100");
    }

    EngineRig rig;
};

TEST_F(EngineBasics, ACommandIsOneRecordAndItsLsnIsTheAnswers) {
    const std::size_t records = rig.log.size();
    const Execution held = rig.execute(support::authorize("acme", "40,TOK:0"));
    EXPECT_EQ(held.receipt.outcome, Outcome::invalid_amount);
    EXPECT_EQ(rig.log.size(), records);
    const Execution accepted = rig.execute(support::authorize("acme", "40"));
    EXPECT_EQ(rig.log.size(), records + 1);
    EXPECT_EQ(accepted.lsn, rig.log.last());
    const auto record = decode_record(rig.log.records().back());
    EXPECT_EQ(record->mutation.wallet.text(), "acme");
    EXPECT_EQ(record->mutation.postings.size(), 1U);
    EXPECT_FALSE(record->key.has_value());
}

TEST_F(EngineBasics, ADeclineDependsOnWhatItWasDecidedFrom) {
    const Execution spent = rig.execute(support::debit("acme", "100"));
    const Execution declined = rig.execute(support::debit("acme", "1"));
    EXPECT_EQ(declined.receipt.outcome, Outcome::insufficient_funds);
    EXPECT_EQ(declined.lsn, spent.lsn);
    const Execution kept = rig.execute(support::debit("acme", "1"), key("1"));
    EXPECT_EQ(kept.lsn, rig.log.last());
    EXPECT_GT(kept.lsn, spent.lsn);
}

// A crash could bring it back, and with it another answer.
TEST_F(EngineBasics, NotFoundDependsOnTheMutationThatTookItAway) {
    const Execution granted = rig.execute(support::grant("acme", "3"));
    const Execution revoked = rig.execute(ledger::RevokeGrant{support::grant_of(granted)});
    const Execution again = rig.execute(ledger::RevokeGrant{support::grant_of(granted)});
    ASSERT_EQ(again.receipt.outcome, Outcome::grant_not_found);
    EXPECT_EQ(again.lsn, revoked.lsn);
}

// An answer that names an asset may not be given before the asset is sure to exist.
TEST_F(EngineBasics, ADeclineDependsOnTheAssetThatItNames) {
    const auto created = rig.engine.create_asset(support::asset("EUR", 2), {});
    const Execution short_of_euros = rig.execute(support::debit("acme", "EUR:5"));
    EXPECT_EQ(short_of_euros.receipt.outcome, Outcome::insufficient_funds);
    EXPECT_GE(short_of_euros.lsn, created->lsn);
    auto dry_run = support::authorize("acme", "5");
    dry_run.dry_run = true;
    EXPECT_GE(rig.execute(dry_run).lsn, Lsn{4});
}

TEST_F(EngineBasics, ReadsDependOnTheNewestRecordOfTheirWallet) {
    const Execution held = rig.execute(support::authorize("acme", "40"));
    rig.create_wallet("other", "5");
    EXPECT_EQ((*rig.engine.wallet(WalletId::trusted("acme")))->lsn, held.lsn);
    EXPECT_EQ((*rig.engine.authorization(support::authorization_of(held)))->lsn, held.lsn);
    const auto created = rig.engine.create_asset(support::asset("EUR", 2), {});
    EXPECT_EQ(rig.engine.assets().lsn, created->lsn);
    EXPECT_FALSE(rig.engine.wallet(WalletId::trusted("nobody"))->has_value());
    EXPECT_FALSE(rig.engine.authorization(AuthorizationId{})->has_value());
}

TEST_F(EngineBasics, AnswersCarryTheAssetsThatTheyName) {
    const Execution held = rig.execute(support::authorize("acme", "40"));
    ASSERT_NE(held.assets, nullptr);
    EXPECT_EQ(held.assets->at(held.receipt.lines[0].asset).code, "USD");
    ASSERT_TRUE(rig.engine.create_asset(support::asset("EUR", 2), {}).has_value());
    EXPECT_EQ(held.assets->find("EUR"), nullptr);
    EXPECT_NE(rig.execute(support::debit("acme", "1")).assets->find("EUR"), nullptr);
}

TEST_F(EngineBasics, IdsLeadToTheirWallet) {
    for (int i = 0; i < 20; ++i) {
        const std::string wallet = "wallet" + std::to_string(i);
        rig.create_wallet(wallet);
        const Execution granted = rig.execute(support::grant(wallet, "9"));
        const Execution held = rig.execute(support::authorize(wallet, "5"));
        EXPECT_EQ(granted.receipt.subject.wallet_hash(), hash_wallet(wallet));
        EXPECT_EQ(held.receipt.subject.wallet_hash(), hash_wallet(wallet));
        const Execution captured = rig.execute(support::capture(held));
        EXPECT_EQ(captured.receipt.outcome, Outcome::accepted);
        EXPECT_EQ(captured.receipt.wallet.text(), wallet);
        const Execution revoked = rig.execute(ledger::RevokeGrant{support::grant_of(granted)});
        EXPECT_EQ(revoked.receipt.wallet.text(), wallet);
        EXPECT_EQ(rig.usd(wallet), "0/0/0");
    }
}

// Each stripe reuses one decision from command to command.
TEST_F(EngineBasics, AnAnswerAboutNobodyNamesNobody) {
    for (int i = 0; i < 20; ++i) {
        rig.execute(support::debit("acme", "1"));
        const Execution missing = rig.execute(support::debit("nobody" + std::to_string(i), "1"));
        EXPECT_EQ(missing.receipt.outcome, Outcome::wallet_not_found);
        EXPECT_EQ(missing.receipt.wallet.text(), "");
    }
}

TEST_F(EngineBasics, ANilIdNamesNothing) {
    EXPECT_EQ(
        rig.execute(ledger::Void{AuthorizationId{}}).receipt.outcome,
        Outcome::authorization_not_found
    );
    EXPECT_EQ(
        rig.execute(ledger::RevokeGrant{GrantId{}}, key("1")).receipt.outcome,
        Outcome::grant_not_found
    );
}

TEST_F(EngineBasics, TheIdOfOneKindIsNotTakenForAnother) {
    const Execution granted = rig.execute(support::grant("acme", "9"));
    const Execution held = rig.execute(support::authorize("acme", "5"));
    EXPECT_EQ(
        rig.execute(ledger::Void{AuthorizationId{granted.receipt.subject}}).receipt.outcome,
        Outcome::authorization_not_found
    );
    EXPECT_EQ(
        rig.execute(ledger::RevokeGrant{GrantId{held.receipt.subject}}).receipt.outcome,
        Outcome::grant_not_found
    );
}

TEST_F(EngineBasics, CountsWhatItHas) {
    const Execution held = rig.execute(support::authorize("acme", "5"));
    rig.execute(support::authorize("acme", "5"), key("1"));
    rig.execute(support::capture(held));
    const EngineStats stats = rig.engine.stats();
    EXPECT_EQ(stats.wallets, 1U);
    EXPECT_EQ(stats.open_authorizations, 1U);
    EXPECT_EQ(stats.closed_authorizations, 1U);
    EXPECT_EQ(stats.idempotency_keys, 1U);
    EXPECT_GT(stats.stripe_acquisitions, 0U);
    const auto totals = rig.engine.totals();
    ASSERT_EQ(totals.size(), 2U);
    EXPECT_EQ(totals[0].posted.to_string(2), "95");
    EXPECT_EQ(totals[0].held.to_string(2), "5");
    EXPECT_TRUE(totals[0].ok);
}

TEST(Engine, WorksWithAnyNumberOfStripes) {
    for (const std::uint32_t stripes : {2U, 16U, 256U, 65'536U}) {
        EngineOptions options = EngineRig::default_options();
        options.stripe_count = stripes;
        EngineRig rig(options);
        rig.create_assets();
        rig.create_wallet("acme", "10");
        EXPECT_EQ(rig.execute(support::debit("acme", "4")).receipt.outcome, Outcome::accepted);
        EXPECT_EQ(rig.usd("acme"), "6/0/6");
    }
}

}  // namespace
}  // namespace faregate::engine
