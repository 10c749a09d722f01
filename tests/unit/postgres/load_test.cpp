#include "unit/postgres/postgres_fixture.h"

namespace faregate::postgres::testing {
namespace {

using ::testing::HasSubstr;

constexpr Duration everything = Duration::seconds(1'000'000'000);

/// Everything that matters of a wallet as text, so that two can be compared and shown.
std::string describe(const ledger::Wallet& wallet) {
    std::string text = wallet.id.text() + " " + to_rfc3339(wallet.created_at) + " lsn " +
                       std::to_string(wallet.lsn.value) + " " + to_string(wallet.status) + " " +
                       to_string(wallet.over_capture) + " " + wallet.name() + " " +
                       wallet.metadata();
    for (const ledger::Account& account : wallet.accounts) {
        text += "\n  account " + std::to_string(account.asset.value);
        for (const Amount amount :
             {account.posted, account.held, account.overdraft_limit, account.debt,
              account.overdraft_held}) {
            text += " " + amount.to_string(0);
        }
    }
    for (const ledger::Grant& grant : wallet.grants) {
        text += "\n  " + grant.id.text() + " " + std::to_string(grant.asset.value) + " " +
                grant.remaining.to_string(0) + " " + grant.held.to_string(0) + " " +
                std::to_string(grant.effective_at.microseconds) + " " +
                std::to_string(grant.expires_at.microseconds) + " " +
                std::to_string(grant.lsn.value) + " " + std::to_string(grant.priority) + " " +
                to_string(grant.kind) + " " + to_string(grant.status);
    }
    return text;
}

std::string describe(const ledger::Authorization& authorization) {
    std::string text = authorization.id.text() + " " + authorization.wallet.text() + " " +
                       to_string(authorization.status) + (authorization.late ? " late" : "") +
                       (authorization.settled ? " settled " : " ") +
                       std::to_string(authorization.created_at.microseconds) + " " +
                       std::to_string(authorization.expires_at.microseconds) + " " +
                       std::to_string(authorization.closed_at.microseconds) + " " +
                       authorization.description + " " + authorization.metadata;
    for (const ledger::HoldLine& line : authorization.lines) {
        text += "\n  " + std::to_string(line.asset.value) + " " + line.authorized.to_string(0) +
                " " + line.captured.to_string(0) + " " + line.held.to_string(0);
        for (const ledger::HoldPart& part : line.parts) {
            text += "\n    " + part.grant.text() + " " + part.amount.to_string(0);
        }
    }
    return text;
}

class Sink final : public engine::StateSink {
  public:
    void add_asset(ledger::Asset asset) override { assets.push_back(std::move(asset)); }
    void add_wallet(ledger::Wallet wallet) override { wallets.push_back(std::move(wallet)); }
    void add_authorization(ledger::Authorization authorization) override {
        authorizations.push_back(std::move(authorization));
    }
    void add_idempotency(engine::IdempotencyRow row) override { keys.push_back(std::move(row)); }
    void set_last_at(Timestamp at) override { last_at.push_back(at); }

    std::vector<ledger::Asset> assets;
    std::vector<ledger::Wallet> wallets;
    std::vector<ledger::Authorization> authorizations;
    std::vector<engine::IdempotencyRow> keys;
    std::vector<Timestamp> last_at;
};

class Load : public PostgresTest {
  protected:
    /// The database holds what memory does, as somebody new reads it.
    void expect_same_state() {
        Sink sink;
        const Status loaded = make_store(url)->load(everything, sink);
        ASSERT_TRUE(loaded.has_value()) << loaded.error().message;
        ASSERT_EQ(sink.assets.size(), world.assets.size());
        for (const ledger::Asset& asset : sink.assets) {
            const ledger::Asset& expected = world.assets.at(asset.index);
            EXPECT_EQ(asset.code, expected.code);
            EXPECT_EQ(asset.scale, expected.scale);
            EXPECT_EQ(asset.name, expected.name);
            EXPECT_EQ(asset.created_at, expected.created_at);
            EXPECT_EQ(asset.lsn, expected.lsn);
        }
        ASSERT_EQ(sink.wallets.size(), world.wallets.size());
        for (const ledger::Wallet& wallet : sink.wallets) {
            EXPECT_EQ(describe(wallet), describe(world.wallets.at(wallet.id.text())));
        }
        ASSERT_EQ(sink.authorizations.size(), world.authorizations.size());
        for (const ledger::Authorization& authorization : sink.authorizations) {
            EXPECT_EQ(describe(authorization), describe(world.authorizations.at(authorization.id)));
        }
    }

    World world;
};

TEST_F(Load, AnEmptyDatabaseIsAnEmptyState) {
    Sink sink;
    ASSERT_TRUE(store->load(everything, sink).has_value());
    EXPECT_TRUE(sink.assets.empty());
    EXPECT_TRUE(sink.wallets.empty());
    EXPECT_EQ(sink.last_at, std::vector<Timestamp>{Timestamp{}});
}

TEST_F(Load, RoundTripsEveryKindOfState) {
    world.create_asset("USD", 9);
    world.create_asset("TOKENS", 0);
    for (const char* wallet : {"acme", "a.b_c:d@e-F", "Zeta"}) world.create_wallet(wallet);
    world.create_wallet("debtor", ledger::OverCapture::debt);
    commit(world.take_batch());

    ledger::AddGrant promotion;
    promotion.kind = ledger::GrantKind::promotional;
    promotion.priority = 3;
    promotion.expires_at = world.now + Duration::seconds(86'400);
    const Uid expiring = world.grant("acme", "USD", "12.5", promotion).subject;
    world.grant("acme", "USD", "100");
    world.grant("acme", "TOKENS", "5000");
    ledger::AddGrant later;
    later.effective_at = world.now + Duration::seconds(3'600);
    later.kind = ledger::GrantKind::recurring;
    const Uid activated = world.grant("Zeta", "USD", "1", later).subject;
    later.effective_at = world.now + Duration::seconds(10 * 86'400);
    world.grant("acme", "USD", "77", later);
    world.grant("debtor", "USD", "1");
    world.set_limit("debtor", "USD", "5");
    commit(world.take_batch());
    expect_same_state();

    const Uid both = world.authorize("acme", {{"TOKENS", "10"}, {"USD", "20"}}).subject;
    ledger::Increment longer;
    longer.authorization = AuthorizationId{both};
    longer.ttl = Duration::seconds(5 * 86'400);
    world.execute("acme", &world.authorizations.at(longer.authorization), longer);
    const Uid captured = world.authorize("acme", {{"USD", "2"}}).subject;
    const Uid over = world.authorize("debtor", {{"USD", "3"}}).subject;
    world.debit("acme", "TOKENS", "4990");
    commit(world.take_batch());
    expect_same_state();

    world.capture(captured, "1", false);
    world.increment(captured, "3");
    world.capture(over, "40", true);
    const Uid voided = world.authorize("acme", {{"USD", "1"}}).subject;
    world.release(voided);
    commit(world.take_batch());
    expect_same_state();

    world.expire_authorization(captured);
    world.capture(captured, "1", true);
    world.activate_grant("Zeta", activated);
    world.expire_grant("acme", expiring);
    commit(world.take_batch());
    expect_same_state();

    world.release(both);
    world.grant("debtor", "USD", "100");
    commit(world.take_batch());
    expect_same_state();
    const auto found = Queries(url, 1).verify(10);
    ASSERT_TRUE(found.has_value()) << found.error().message;
    for (const auto& each : *found) ADD_FAILURE() << each.table << " " << each.what;
}

TEST_F(Load, LeavesOutWhatWasClosedLongAgo) {
    start(world);
    const Uid open = world.authorize("acme", {{"USD", "1"}}).subject;
    const Uid closed = world.authorize("acme", {{"USD", "2"}}).subject;
    world.release(closed);
    const Timestamp closed_at = world.now;
    world.now = world.now + Duration::seconds(60);
    world.grant("acme", "USD", "1");
    commit(world.take_batch());
    const Duration age{world.now.microseconds - closed_at.microseconds};

    Sink with;
    ASSERT_TRUE(store->load(age, with).has_value());
    EXPECT_EQ(with.authorizations.size(), 2U);
    Sink without;
    ASSERT_TRUE(store->load(Duration{age.microseconds - 1}, without).has_value());
    ASSERT_EQ(without.authorizations.size(), 1U);
    EXPECT_EQ(without.authorizations[0].id, AuthorizationId{open});
}

TEST_F(Load, GivesIdempotencyRecordsInTheOrderOfTheirLsn) {
    engine::ProjectionBatch batch;
    batch.first = Lsn{1};
    batch.last = Lsn{3};
    batch.last_at = time_of("2026-03-01T00:00:03Z");
    for (std::uint8_t i = 3; i > 0; --i) {
        engine::IdempotencyRow row;
        if (i != 2) row.wallet = WalletId::trusted("acme");
        row.key.digest.fill(static_cast<std::uint8_t>(100 + i));
        row.key.fingerprint.fill(static_cast<std::uint8_t>(200 + i));
        row.at = time_of("2026-03-01T00:00:00Z") + Duration::seconds(i);
        row.lsn = Lsn{i};
        row.receipt = std::string("\0\\\xff\n", 4) + std::to_string(i);
        batch.idempotency.push_back(row);
    }
    commit(batch);
    Sink sink;
    ASSERT_TRUE(store->load(Duration::seconds(1), sink).has_value());
    ASSERT_EQ(sink.keys.size(), 2U);
    EXPECT_EQ(sink.keys[0].lsn, Lsn{2});
    EXPECT_EQ(sink.keys[0].wallet.text(), "");
    EXPECT_EQ(sink.keys[1].wallet.text(), "acme");
    EXPECT_EQ(sink.keys[1].key.digest, batch.idempotency[0].key.digest);
    EXPECT_EQ(sink.keys[1].key.fingerprint, batch.idempotency[0].key.fingerprint);
    EXPECT_EQ(sink.keys[1].at, batch.idempotency[0].at);
    EXPECT_EQ(sink.keys[1].receipt, batch.idempotency[0].receipt);
    EXPECT_EQ(sink.last_at, std::vector<Timestamp>{batch.last_at});
}

TEST_F(Load, ReadsMoreThanOneBlockOfRows) {
    world.create_asset("USD", 2);
    for (int i = 0; i < 12'000; ++i) {
        const std::string id = "w" + std::to_string(i);
        world.create_wallet(id);
        if (i % 2 == 0) world.grant(id, "USD", std::to_string(i + 1));
    }
    commit(world.take_batch());
    expect_same_state();
}

TEST_F(Load, RefusesRowsThatBelongToNothing) {
    start(world);
    commit(world.take_batch());
    sql("UPDATE balances SET wallet = 'abandoned'");
    Sink sink;
    const Status loaded = store->load(everything, sink);
    ASSERT_FALSE(loaded.has_value());
    EXPECT_EQ(loaded.error().code, ErrorCode::corruption);
    EXPECT_THAT(loaded.error().message, HasSubstr("abandoned"));
}

TEST_F(Load, RefusesAmountsFinerThanTheAsset) {
    start(world);
    commit(world.take_batch());
    sql("UPDATE balances SET posted = 99.9999999999, revenue = 0.0000000001");
    Sink sink;
    EXPECT_EQ(store->load(everything, sink).error().code, ErrorCode::corruption);
}

}  // namespace
}  // namespace faregate::postgres::testing
