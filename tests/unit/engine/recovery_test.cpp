#include <gtest/gtest.h>

#include <array>

#include "faregate/engine/record.h"
#include "support/describe.h"
#include "support/engine_rig.h"
#include "support/memory_database.h"
#include "support/random_traffic.h"

namespace faregate::engine {
namespace {

using namespace ledger;
using support::EngineRig;

TEST(Recovery, AnEngineRebuiltFromItsLogIsTheSame) {
    for (std::uint32_t seed = 1; seed <= 4; ++seed) {
        EngineRig rig;
        rig.create_assets();
        support::RandomTraffic traffic(seed, support::wallet_ids(6));
        for (int i = 0; i < 600; ++i) {
            rig.clock.advance(Duration::milliseconds(traffic.below(3'000)));
            const auto request = traffic.next(rig.clock.now());
            traffic.learn(request, rig.execute(request.command, request.key));
        }
        EngineOptions options = EngineRig::default_options();
        options.epoch = Epoch{2};
        EngineRig rebuilt(options, rig.log.last());
        rebuilt.clock.set(rig.clock.now());
        ASSERT_TRUE(support::replay(rebuilt.engine, rig.log).has_value());
        EXPECT_EQ(rebuilt.engine.now(), rig.engine.now());
        const std::string expected = rig.describe(traffic.wallets(), traffic.authorizations());
        EXPECT_EQ(rebuilt.describe(traffic.wallets(), traffic.authorizations()), expected);
        EXPECT_EQ(rebuilt.engine.stats().idempotency_keys, rig.engine.stats().idempotency_keys);

        // And they go on as one: the same requests get the same answers.
        for (int i = 0; i < 100; ++i) {
            rig.clock.advance(Duration::seconds(1));
            rebuilt.clock.advance(Duration::seconds(1));
            const auto request = traffic.next(rig.clock.now());
            const Execution one = rig.execute(request.command, request.key);
            const Execution two = rebuilt.execute(request.command, request.key);
            ASSERT_EQ(one.receipt.outcome, two.receipt.outcome) << "seed " << seed;
            ASSERT_EQ(one.replayed, two.replayed);
        }
    }
}

/// A log of records that were made by hand.
class HandMade : public ::testing::Test {
  protected:
    Status replay(std::uint64_t lsn, Change change, std::vector<Posting> postings = {}) {
        return replay(rig, lsn, std::move(change), std::move(postings));
    }
    Status replay(
        EngineRig& on, std::uint64_t lsn, Change change, std::vector<Posting> postings = {}
    ) {
        Mutation mutation;
        if (!std::holds_alternative<AssetCreated>(change)) mutation.wallet = wallet;
        mutation.at = Timestamp{static_cast<std::int64_t>(lsn)};
        mutation.change = std::move(change);
        mutation.postings = std::move(postings);
        std::string bytes;
        encode_record(mutation, nullptr, "", bytes);
        return on.engine.replay(Lsn{lsn}, bytes);
    }

    Change usd(std::uint32_t index = 0, const std::string& code = "USD") {
        Asset asset;
        asset.index.value = index;
        asset.code = code;
        asset.scale = 2;
        return AssetCreated{asset};
    }

    static void expect_corrupt(const Status& status, const std::string& what) {
        ASSERT_FALSE(status.has_value());
        EXPECT_EQ(status.error().code, ErrorCode::corruption);
        EXPECT_NE(status.error().message.find(what), std::string::npos) << status.error().message;
    }

    EngineRig rig;
    WalletId wallet = WalletId::trusted("acme");
};

TEST_F(HandMade, RecordsThatDoNotFitAreCorruption) {
    ASSERT_TRUE(replay(1, usd()).has_value());
    expect_corrupt(replay(2, DebitPosted{DebitId{Uid{1, 1}}, "", ""}), "no such wallet");
    ASSERT_TRUE(replay(3, WalletCreated{"", OverCapture::cap, ""}).has_value());
    expect_corrupt(replay(4, WalletCreated{"", OverCapture::cap, ""}), "the wallet exists");
    expect_corrupt(replay(3, Declined{}), "the wallet is newer");
    expect_corrupt(replay(5, usd(0, "EUR")), "asset EUR");
    expect_corrupt(replay(5, usd(2, "EUR")), "asset EUR");
    expect_corrupt(replay(5, usd(1, "USD")), "asset USD");
    const AuthorizationId authorization{Uid{0, WalletId(wallet).hash()}};
    expect_corrupt(
        replay(
            6, AuthorizationChanged{authorization, AuthorizationStatus::voided, {}, false, false}
        ),
        "no such authorization"
    );
    ASSERT_TRUE(replay(7, AuthorizationOpened{authorization, Timestamp{99}, "", ""}).has_value());
    expect_corrupt(
        replay(8, AuthorizationOpened{authorization, Timestamp{99}, "", ""}), "authorization exists"
    );
    EXPECT_FALSE(rig.engine.replay(Lsn{9}, "garbage").has_value());
    expect_corrupt(rig.engine.replay(Lsn{9}, ""), "kind of change");
}

// A record whose checksum is right and whose contents contradict the state (another program wrote
// it, or a bug did) ended in an assertion: the server died at every start without a word of which
// record it was.
TEST_F(HandMade, RecordsThatContradictTheStateAreCorruptionAndNotACrash) {
    const WalletHash hash = WalletId(wallet).hash();
    const AuthorizationId open{Uid::make(Timestamp{1}, hash, Epoch{1}, 1)};
    const AuthorizationId voided{Uid::make(Timestamp{1}, hash, Epoch{1}, 2)};
    Grant grant;
    grant.id = GrantId{Uid::make(Timestamp{1}, hash, Epoch{1}, 3)};
    grant.remaining = Amount::from_units(10);
    const auto posting = [](Side source, Side destination, GrantId from, std::int64_t units) {
        return Posting{{}, source, destination, from, Amount::from_units(units)};
    };
    const auto expect = [&](const char* what, Change change, std::vector<Posting> postings = {}) {
        EngineRig fresh;
        const auto prepare = [&](std::uint64_t lsn, Change first, std::vector<Posting> money = {}) {
            ASSERT_TRUE(replay(fresh, lsn, std::move(first), std::move(money)).has_value());
        };
        prepare(1, usd());
        prepare(2, WalletCreated{"", OverCapture::cap, ""});
        prepare(3, GrantAdded{grant, ""}, {posting(Side::issued, Side::available, grant.id, 10)});
        prepare(4, AuthorizationOpened{open, Timestamp{99}, "", ""});
        prepare(5, AuthorizationOpened{voided, Timestamp{99}, "", ""});
        prepare(6, AuthorizationChanged{voided, AuthorizationStatus::voided, {}, false, false});
        const Status status = replay(fresh, 7, std::move(change), std::move(postings));
        expect_corrupt(status, "record 7 does not fit the state: ");
        expect_corrupt(status, what);
    };
    const GrantId none{Uid{1, 1}};
    const DebitPosted debit{DebitId{Uid{1, 1}}, "", ""};
    expect("does not have", debit, {posting(Side::available, Side::revenue, none, 1)});
    expect("belongs to a grant", debit, {posting(Side::available, Side::revenue, {}, 1)});
    expect("an authorization", debit, {posting(Side::available, Side::held, grant.id, 1)});
    expect("than it had free", debit, {posting(Side::available, Side::revenue, grant.id, 11)});
    expect("than was drawn", debit, {posting(Side::available, Side::debt, grant.id, 1)});
    expect("does not have", GrantChanged{none, GrantStatus::expired});
    expect("effective once", GrantChanged{grant.id, GrantStatus::scheduled});
    expect("the grant exists", GrantAdded{grant, ""});
    const auto authorized = AuthorizationStatus::authorized;
    expect("captured late", AuthorizationChanged{open, authorized, {}, true, false});
    expect("ends once", AuthorizationChanged{voided, authorized, {}, false, false});
    AuthorizationChanged captured{open, AuthorizationStatus::captured, {}, false, false};
    expect("holds nothing", captured, {posting(Side::available, Side::held, grant.id, 1)});
}

TEST_F(HandMade, AHoldOfAnotherWalletIsCorruption) {
    ASSERT_TRUE(replay(1, WalletCreated{"", OverCapture::cap, ""}).has_value());
    const AuthorizationId hold{Uid::make(Timestamp{1}, WalletId(wallet).hash(), Epoch{1}, 1)};
    ASSERT_TRUE(replay(2, AuthorizationOpened{hold, Timestamp{99}, "", ""}).has_value());
    // Another one behind the same lock.
    const auto stripe_of = [](const WalletId& id) { return id.hash() >> 30; };
    const WalletId first = wallet;
    for (int i = 0; wallet == first || stripe_of(wallet) != stripe_of(first); ++i) {
        wallet = WalletId::trusted("other" + std::to_string(i));
    }
    ASSERT_TRUE(replay(3, WalletCreated{"", OverCapture::cap, ""}).has_value());
    expect_corrupt(
        replay(4, AuthorizationChanged{hold, AuthorizationStatus::voided, {}, false, false}),
        "another wallet's"
    );
}

// An answer that was kept names its assets by their index; the one that repeats the request ended
// the server where the index was wrong.
TEST_F(HandMade, AStoredAnswerThatNamesAnUnknownAssetIsCorruption) {
    ASSERT_TRUE(replay(1, usd()).has_value());
    ASSERT_TRUE(replay(2, WalletCreated{"", OverCapture::cap, ""}).has_value());
    Receipt receipt;
    receipt.lines.resize(1);
    receipt.lines[0].asset.value = 7;
    const auto key = support::key("k");
    const IdempotencyRow row{wallet, key, rig.clock.now(), Lsn{2}, encode_receipt(receipt)};
    IdempotencyRow without_answer = row;
    without_answer.receipt.clear();
    rig.engine.loader().add_idempotency(without_answer);
    auto again = rig.engine.execute(Command(support::debit("acme", "1")), key);
    ASSERT_TRUE(again.has_value());
    ASSERT_TRUE(again->answer_elsewhere);
    const Status read = recall_answer(*again, key, row);
    ASSERT_FALSE(read.has_value());
    EXPECT_EQ(read.error().code, ErrorCode::corruption);
}

TEST_F(HandMade, AWalletWhoseSumsDoNotAgreeIsNotServed) {
    Asset asset;
    asset.code = "USD";
    rig.engine.loader().add_asset(asset);
    Wallet broken;
    broken.id = wallet;
    broken.account(AssetIndex{0}).posted = Amount::from_units(1);
    rig.engine.loader().add_wallet(broken);
    expect_corrupt(rig.engine.finish_recovery(), "wallet acme: asset 0 contradicts");
}

TEST_F(HandMade, AHoldWithoutItsMoneyIsNotServed) {
    const auto error_with_parts = [&](std::vector<HoldPart> parts) {
        EngineRig loaded;
        Asset asset;
        asset.code = "USD";
        loaded.engine.loader().add_asset(asset);
        Wallet plain;
        plain.id = wallet;
        loaded.engine.loader().add_wallet(plain);
        Authorization hold;
        hold.id = AuthorizationId{Uid::make(Timestamp{1}, wallet.hash(), Epoch{1}, 1)};
        hold.wallet = wallet;
        hold.expires_at = Timestamp{99};
        HoldLine line;
        line.held = Amount::from_units(5);
        line.parts = std::move(parts);
        hold.lines = {line};
        loaded.engine.loader().add_authorization(hold);
        return loaded.engine.finish_recovery();
    };
    const Amount five = Amount::from_units(5);
    expect_corrupt(error_with_parts({}), "is not its parts");
    expect_corrupt(error_with_parts({{GrantId{}, five}}), "a hold contradicts its account");
    expect_corrupt(error_with_parts({{GrantId{Uid{1, 1}}, five}}), "pins no grant of it");
}

TEST_F(HandMade, AnAccountOfAnUnknownAssetIsNotServed) {
    Wallet broken;
    broken.id = wallet;
    broken.account(AssetIndex{3});
    rig.engine.loader().add_wallet(broken);
    expect_corrupt(rig.engine.finish_recovery(), "asset");
}

TEST_F(HandMade, WhatWasLoadedTwiceOrWithoutItsWalletIsCorruption) {
    Wallet plain;
    plain.id = wallet;
    rig.engine.loader().add_wallet(plain);
    rig.engine.loader().add_wallet(plain);
    expect_corrupt(rig.engine.finish_recovery(), "stored twice");
    expect_corrupt(replay(1, usd()), "stored twice");

    EngineRig other;
    Authorization hold;
    hold.id = AuthorizationId{Uid::make(Timestamp{1}, wallet.hash(), Epoch{1}, 1)};
    hold.wallet = wallet;
    other.engine.loader().add_authorization(hold);
    expect_corrupt(other.engine.finish_recovery(), "without its wallet");

    EngineRig gap;
    Asset asset;
    asset.index.value = 1;
    gap.engine.loader().add_asset(asset);
    expect_corrupt(gap.engine.finish_recovery(), "without gaps");
}

TEST_F(HandMade, LoadedGrantsAndAccountsNeedNoOrder) {
    EngineRig later(EngineRig::default_options(), Lsn{9});
    Asset asset;
    asset.code = "USD";
    later.engine.loader().add_asset(asset);
    asset.code = "TOK";
    asset.index.value = 1;
    later.engine.loader().add_asset(asset);
    Wallet shuffled;
    shuffled.id = wallet;
    shuffled.lsn = Lsn{9};
    for (const std::uint8_t priority : std::array<std::uint8_t, 3>{90, 10, 50}) {
        Grant grant;
        grant.id = GrantId{Uid{priority, priority}};
        grant.priority = priority;
        grant.remaining = Amount::from_units(5);
        shuffled.grants.push_back(grant);
    }
    Account tokens;
    tokens.asset.value = 1;
    Account dollars;
    dollars.posted = Amount::from_units(15);
    shuffled.accounts = {tokens, dollars};
    later.engine.loader().add_wallet(shuffled);
    ASSERT_TRUE(later.engine.finish_recovery().has_value());
    EXPECT_EQ(
        later.execute(Debit{wallet, {{"USD", Decimal::parse("7")}}, "", ""}).receipt.outcome,
        Outcome::accepted
    );
    const Wallet after = (*later.engine.wallet(wallet))->value;
    ASSERT_EQ(after.grants.size(), 2U);
    EXPECT_EQ(after.grants[0].priority, 50);
    EXPECT_EQ(after.grants[0].remaining, Amount::from_units(3));
    EXPECT_EQ(after.accounts[0].posted, Amount::from_units(8));
}

}  // namespace
}  // namespace faregate::engine
