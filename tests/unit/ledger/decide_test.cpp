#include "faregate/ledger/decide.h"

#include <gtest/gtest.h>

#include "faregate/ledger/apply.h"

namespace faregate::ledger {
namespace {

class Decide : public ::testing::Test {
  protected:
    Decide() {
        Asset usd;
        usd.code = "USD";
        usd.scale = 2;
        assets.add(usd);
        wallet.id = WalletId::trusted("acme");
    }

    Context context() const { return {assets, Timestamp{1'000}, Uid{1, 2}}; }
    RequestedAmount usd(const char* amount) const { return {"USD", Decimal::parse(amount)}; }

    AssetCatalogue assets;
    Wallet wallet;
    Decision decision;
};

// A decision is reused from command to command. One about a wallet that does not exist named the
// wallet of the command before it, which is somebody else's.
TEST_F(Decide, AnUnknownWalletIsNotAnsweredWithTheNameOfAnother) {
    decide(context(), &wallet, AddGrant{wallet.id, usd("5"), {}, 50, {}, {}, ""}, decision);
    ASSERT_EQ(decision.receipt.wallet.text(), "acme");
    decide(context(), nullptr, Debit{WalletId::trusted("other"), {usd("1")}, "", ""}, decision);
    EXPECT_EQ(decision.receipt.outcome, Outcome::wallet_not_found);
    EXPECT_EQ(decision.receipt.wallet.text(), "");
    EXPECT_EQ(decision.mutation.wallet.text(), "");
    decide(context(), nullptr, RevokeGrant{GrantId{Uid{7, 7}}}, decision);
    EXPECT_EQ(decision.receipt.wallet.text(), "");
}

TEST_F(Decide, NothingOfAnEarlierDecisionIsLeft) {
    decide(context(), &wallet, AddGrant{wallet.id, usd("5"), {}, 50, {}, {}, "{}"}, decision);
    apply(wallet, nullptr, decision.mutation, Lsn{1});
    decide(context(), &wallet, Debit{wallet.id, {usd("99")}, "", ""}, decision);
    EXPECT_FALSE(decision.has_mutation);
    EXPECT_TRUE(decision.mutation.postings.empty());
    EXPECT_TRUE(std::holds_alternative<Declined>(decision.mutation.change));
    EXPECT_TRUE(decision.receipt.subject.is_nil());
    EXPECT_EQ(decision.receipt.lines.size(), 1U);
    decide(context(), &wallet, CreateWallet{wallet.id, "", OverCapture::cap, ""}, decision);
    EXPECT_EQ(decision.receipt.outcome, Outcome::wallet_exists);
    EXPECT_TRUE(decision.receipt.lines.empty());
    EXPECT_EQ(decision.receipt.fault, Decimal::Fault::none);
}

TEST_F(Decide, ADeclinedGrantHasNoId) {
    AddGrant command{wallet.id, usd("5"), {}, 50, {}, Timestamp{10}, ""};
    decide(context(), &wallet, command, decision);
    EXPECT_EQ(decision.receipt.outcome, Outcome::invalid_expiry);
    EXPECT_TRUE(decision.receipt.subject.is_nil());
    command.expires_at = Timestamp{2'000};
    decide(context(), &wallet, command, decision);
    EXPECT_EQ(decision.receipt.subject, (Uid{1, 2}));
    EXPECT_EQ(decision.receipt.effective_at, Timestamp{1'000});
    EXPECT_EQ(decision.receipt.expires_at, Timestamp{2'000});
}

TEST_F(Decide, ARevocationSaysWhenTheGrantWasToLast) {
    const AddGrant command{wallet.id, usd("5"), {}, 50, Timestamp{500}, Timestamp{2'000}, ""};
    decide(context(), &wallet, command, decision);
    apply(wallet, nullptr, decision.mutation, Lsn{1});
    decide(context(), &wallet, RevokeGrant{GrantId{Uid{1, 2}}}, decision);
    ASSERT_EQ(decision.receipt.outcome, Outcome::accepted);
    EXPECT_EQ(decision.receipt.grant_status, GrantStatus::revoked);
    EXPECT_EQ(decision.receipt.effective_at, Timestamp{500});
    EXPECT_EQ(decision.receipt.expires_at, Timestamp{2'000});
}

TEST_F(Decide, UpdateChangesOnlyWhatItNames) {
    wallet.set_labels("Acme", "{\"a\":1}");
    UpdateWallet command;
    command.wallet = wallet.id;
    command.status = WalletStatus::frozen;
    decide(context(), &wallet, command, decision);
    apply(wallet, nullptr, decision.mutation, Lsn{1});
    EXPECT_EQ(wallet.status, WalletStatus::frozen);
    EXPECT_EQ(wallet.name(), "Acme");
    EXPECT_EQ(wallet.metadata(), "{\"a\":1}");
    EXPECT_EQ(wallet.over_capture, OverCapture::cap);
    command = {};
    command.wallet = wallet.id;
    command.name = "";
    command.metadata = "";
    command.over_capture = OverCapture::debt;
    decide(context(), &wallet, command, decision);
    apply(wallet, nullptr, decision.mutation, Lsn{2});
    EXPECT_EQ(wallet.status, WalletStatus::frozen);
    EXPECT_EQ(wallet.name(), "");
    EXPECT_EQ(wallet.metadata(), "");
    EXPECT_EQ(wallet.over_capture, OverCapture::debt);
}

using ApplyDeathTest = Decide;

TEST_F(ApplyDeathTest, AMutationThatDoesNotFitAborts) {
    Mutation mutation;
    mutation.wallet = wallet.id;
    mutation.change = DebitPosted{};
    const GrantId unknown{Uid{9, 9}};
    mutation.postings = {
        {AssetIndex{}, Side::available, Side::revenue, unknown, Amount::from_units(1)}};
    EXPECT_DEATH(apply(wallet, nullptr, mutation, Lsn{1}), "grant that the wallet does not have");
    mutation.postings = {{AssetIndex{}, Side::debt, Side::revenue, {}, Amount::from_units(1)}};
    EXPECT_DEATH(apply(wallet, nullptr, mutation, Lsn{1}), "available money below zero");
    mutation.postings = {{AssetIndex{}, Side::issued, Side::debt, {}, Amount::from_units(1)}};
    EXPECT_DEATH(apply(wallet, nullptr, mutation, Lsn{1}), "more debt was settled than was drawn");
    mutation.postings = {{AssetIndex{}, Side::issued, Side::held, {}, Amount::from_units(1)}};
    EXPECT_DEATH(apply(wallet, nullptr, mutation, Lsn{1}), "belongs to an authorization");
    mutation.postings.clear();
    wallet.lsn = Lsn{7};
    EXPECT_DEATH(apply(wallet, nullptr, mutation, Lsn{7}), "in order, once");
    mutation.wallet = WalletId::trusted("other");
    EXPECT_DEATH(apply(wallet, nullptr, mutation, Lsn{8}), "applied to another wallet");
}

}  // namespace
}  // namespace faregate::ledger
