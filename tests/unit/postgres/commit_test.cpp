#include "unit/postgres/postgres_fixture.h"

namespace faregate::postgres::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class Commit : public PostgresTest {
  protected:
    void expect_verified() {
        const auto found = Queries(url, 1).verify(100);
        ASSERT_TRUE(found.has_value()) << found.error().message;
        for (const auto& each : *found)
            ADD_FAILURE() << each.table << " " << each.key << ": " << each.what;
    }

    World world;
};

TEST_F(Commit, AmountsAreInAssetUnits) {
    world.create_asset("USD", 9);
    world.create_asset("TOKENS", 0);
    world.create_asset("FINE", 18);
    world.create_wallet("acme");
    world.grant("acme", "USD", "0.000000001");
    world.grant("acme", "TOKENS", "1000000000000000000000000000000");
    world.grant("acme", "FINE", "123456789012.000000000000000001");
    commit(world.take_batch());
    EXPECT_EQ(
        sql("SELECT asset, posted, available FROM balances ORDER BY asset"),
        (Rows{
            {"FINE", "123456789012.000000000000000001", "123456789012.000000000000000001"},
            {"TOKENS", "1000000000000000000000000000000", "1000000000000000000000000000000"},
            {"USD", "0.000000001", "0.000000001"}})
    );
}

TEST_F(Commit, DifferencesAddUpWithinABatchAndAcrossBatches) {
    start(world);
    const Uid first = world.authorize("acme", {{"USD", "10"}}).subject;
    world.debit("acme", "USD", "1.25");
    commit(world.take_batch());
    EXPECT_EQ(
        sql("SELECT posted, held, available, issued, revenue, breakage FROM balances"),
        (Rows{{"98.75", "10", "88.75", "100", "1.25", "0"}})
    );
    world.capture(first, "4", false);
    world.debit("acme", "USD", "0.75");
    commit(world.take_batch());
    EXPECT_EQ(
        sql("SELECT posted, held, available, issued, revenue, breakage FROM balances"),
        (Rows{{"94.00", "6", "88.00", "100", "6.00", "0"}})
    );
    EXPECT_EQ(
        sql("SELECT authorized, captured, held FROM authorization_lines"), (Rows{{"10", "4", "6"}})
    );
    EXPECT_EQ(sql("SELECT remaining::float, held::float FROM grants"), (Rows{{"94", "6"}}));
    expect_verified();
}

TEST_F(Commit, PartsLiveAsLongAsTheHold) {
    start(world);
    world.grant("acme", "USD", "50");
    const Uid early = world.authorize("acme", {{"USD", "120"}}).subject;
    commit(world.take_batch());
    EXPECT_EQ(sql("SELECT amount FROM hold_parts ORDER BY lsn, sequence"), (Rows{{"100"}, {"20"}}));

    const Uid late = world.authorize("acme", {{"USD", "5"}}).subject;
    world.capture(late, "", true);
    world.increment(early, "10");
    world.capture(early, "110", false);
    commit(world.take_batch());
    EXPECT_EQ(sql("SELECT amount FROM hold_parts ORDER BY lsn, sequence"), (Rows{{"0"}, {"20"}}));
    EXPECT_EQ(
        sql("SELECT status, closed_at IS NULL FROM authorizations ORDER BY id"),
        (Rows{{"authorized", "t"}, {"captured", "f"}})
    );
    expect_verified();

    world.release(early);
    commit(world.take_batch());
    EXPECT_THAT(sql("SELECT * FROM hold_parts"), IsEmpty());
    expect_verified();
}

TEST_F(Commit, SeveralAssetsKeepTheOrderOfTheRequest) {
    world.create_asset("B", 2);
    world.create_asset("A", 0);
    world.create_wallet("acme");
    world.grant("acme", "A", "10");
    world.grant("acme", "B", "10");
    world.authorize("acme", {{"B", "1.5"}, {"A", "2"}});
    world.authorize("acme", {{"A", "3"}, {"B", "2.5"}});
    commit(world.take_batch());
    EXPECT_EQ(
        sql("SELECT asset, position, held FROM authorization_lines "
            "ORDER BY authorization_id, position"),
        (Rows{{"B", "0", "1.5"}, {"A", "1", "2"}, {"A", "0", "3"}, {"B", "1", "2.5"}})
    );
    expect_verified();
}

TEST_F(Commit, OverdraftAndItsSettlement) {
    start(world);
    world.set_limit("acme", "USD", "50");
    const Uid id = world.authorize("acme", {{"USD", "130"}}).subject;
    commit(world.take_batch());
    EXPECT_EQ(
        sql("SELECT posted, held, debt, overdraft_held, overdraft_limit, available FROM balances"),
        (Rows{{"100", "130", "30", "30", "50", "20"}})
    );
    EXPECT_EQ(
        sql("SELECT grant_id IS NULL, amount FROM hold_parts ORDER BY lsn, sequence"),
        (Rows{{"f", "100"}, {"t", "30"}})
    );
    expect_verified();
    world.capture(id, "", true);
    world.grant("acme", "USD", "10");
    commit(world.take_batch());
    EXPECT_EQ(
        sql("SELECT posted, held, debt, overdraft_held, available FROM balances"),
        (Rows{{"-20", "0", "20", "0", "30"}})
    );
    expect_verified();
}

TEST_F(Commit, AnExpiredHoldAndItsLateCapture) {
    start(world);
    const Uid id = world.authorize("acme", {{"USD", "10"}}).subject;
    commit(world.take_batch());
    world.expire_authorization(id);
    commit(world.take_batch());
    const Rows closed = sql("SELECT closed_at FROM authorizations");
    EXPECT_EQ(sql("SELECT status, late FROM authorizations"), (Rows{{"expired", "f"}}));
    EXPECT_NE(closed, (Rows{{"null"}}));

    world.capture(id, "7", true);
    commit(world.take_batch());
    EXPECT_EQ(
        sql("SELECT status, late, settled FROM authorizations"), (Rows{{"expired", "t", "t"}})
    );
    EXPECT_EQ(sql("SELECT closed_at FROM authorizations"), closed);
    EXPECT_EQ(sql("SELECT captured, held FROM authorization_lines"), (Rows{{"7", "0"}}));
    expect_verified();
}

TEST_F(Commit, AScheduledGrantIsWholeUntilItIsEffective) {
    start(world);
    ledger::AddGrant later;
    later.effective_at = world.now + Duration::seconds(60);
    const Uid id = world.grant("acme", "USD", "40", later).subject;
    const Uid never = world.grant("acme", "USD", "8", later).subject;
    commit(world.take_batch());
    const std::string of_later = " FROM grants WHERE id = '" + GrantId{id}.text() + "'";
    EXPECT_EQ(sql("SELECT status, remaining" + of_later), (Rows{{"scheduled", "40"}}));
    EXPECT_EQ(sql("SELECT posted FROM balances"), (Rows{{"100"}}));
    expect_verified();

    ledger::RevokeGrant revoke;
    revoke.grant = GrantId{never};
    world.execute("acme", nullptr, revoke);
    world.activate_grant("acme", id);
    world.debit("acme", "USD", "130");
    commit(world.take_batch());
    EXPECT_EQ(sql("SELECT status, remaining::float" + of_later), (Rows{{"active", "10"}}));
    EXPECT_EQ(
        sql("SELECT status, remaining::float FROM grants WHERE id = '" + GrantId{never}.text() + "'"
        ),
        (Rows{{"revoked", "0"}})
    );
    expect_verified();
}

TEST_F(Commit, WalletChangesKeepWhatTheyDoNotName) {
    world.create_wallet("acme");
    commit(world.take_batch());
    ledger::UpdateWallet freeze;
    freeze.wallet = WalletId::trusted("acme");
    freeze.status = ledger::WalletStatus::frozen;
    freeze.metadata = "";
    world.execute("acme", nullptr, freeze);
    commit(world.take_batch());
    EXPECT_EQ(
        sql("SELECT status, over_capture, name, metadata, lsn FROM wallets"),
        (Rows{{"frozen", "cap", "Wallet acme", "null", "2"}})
    );
}

TEST_F(Commit, AChangeOfARowThatIsMissingIsCorruptionAndChangesNothing) {
    start(world);
    const Uid id = world.authorize("acme", {{"USD", "10"}}).subject;
    const Lsn before = world.lsn();
    commit(world.take_batch());
    sql("DELETE FROM authorization_lines");
    world.capture(id, "", true);
    const Status committed = store->commit(world.take_batch());
    ASSERT_FALSE(committed.has_value());
    EXPECT_EQ(committed.error().code, ErrorCode::corruption);
    EXPECT_THAT(committed.error().message, HasSubstr("authorization_lines"));
    EXPECT_EQ(store->applied_lsn().value(), before);
    EXPECT_EQ(sql("SELECT held FROM balances"), (Rows{{"10"}}));
}

TEST_F(Commit, ABalanceThatCannotBeIsRefusedByTheDatabase) {
    start(world);
    auto batch = world.take_batch();
    batch.balances.front().revenue = Amount::from_units(1);
    const Status committed = store->commit(batch);
    ASSERT_FALSE(committed.has_value());
    EXPECT_EQ(committed.error().code, ErrorCode::io);
    EXPECT_THAT(committed.error().message, HasSubstr("nothing_appears_or_vanishes"));
}

TEST_F(Commit, EntriesGoToThePartitionOfTheirMonth) {
    start(world);
    world.now = time_of("2026-03-31T23:59:59.999Z");
    world.debit("acme", "USD", "1");  // at midnight
    world.now = time_of("2027-07-04T00:00:00Z");
    world.debit("acme", "USD", "2");
    commit(world.take_batch());
    EXPECT_EQ(
        sql("SELECT tableoid::regclass::text, sum(amount) FROM entries GROUP BY 1 ORDER BY 1"),
        (Rows{{"entries_2026_03", "100"}, {"entries_2026_04", "1"}, {"entries_2027_07", "2"}})
    );
    EXPECT_THAT(sql("SELECT FROM pg_class WHERE relname = 'entries_2027_08'"), SizeIs(1));
    EXPECT_THAT(sql("SELECT * FROM entries_default"), IsEmpty());
}

TEST_F(Commit, AReaderOfEntriesDoesNotHoldUpANewMonth) {
    start(world);
    commit(world.take_batch());
    pqxx::connection reader(url);
    pqxx::work reading(reader);
    reading.exec("SELECT * FROM entries");
    world.now = time_of("2026-09-01T00:00:00Z");
    world.debit("acme", "USD", "1");
    commit(world.take_batch());
    EXPECT_EQ(sql("SELECT amount FROM entries_default"), (Rows{{"1"}}));
}

TEST_F(Commit, TextsThatPostgresCannotStoreDoNotStopTheProjection) {
    world.create_asset("USD", 2);
    world.create_wallet("acme");
    ledger::UpdateWallet update;
    update.wallet = WalletId::trusted("acme");
    update.name = std::string("nul \0 and \xff and tab\t, \\N, \"é\"\n", 31);
    world.execute("acme", nullptr, update);
    commit(world.take_batch());
    EXPECT_EQ(
        sql("SELECT name FROM wallets"),
        (Rows{{"nul \xef\xbf\xbd and \xef\xbf\xbd and tab\t, \\N, \"é\"\n"}})
    );
}

class IdempotencyKeys : public Commit {
  protected:
    engine::IdempotencyRow row(std::uint8_t number, const char* at, Lsn lsn) {
        engine::IdempotencyRow row;
        row.wallet = WalletId::trusted("acme");
        row.key.digest.fill(number);
        row.key.fingerprint.fill(9);
        row.at = time_of(at);
        row.lsn = lsn;
        row.receipt = std::string("\0\x01\\\xff", 4);
        return row;
    }
    engine::ProjectionBatch batch(std::uint64_t lsn, std::vector<engine::IdempotencyRow> rows) {
        engine::ProjectionBatch batch;
        batch.first = batch.last = Lsn{lsn};
        batch.last_at = rows.back().at;
        batch.idempotency = std::move(rows);
        return batch;
    }
};

TEST_F(IdempotencyKeys, OldOnesAreDeleted) {
    commit(batch(1, {row(1, "2026-03-01T00:00:00Z", Lsn{1})}));
    commit(batch(2, {row(2, "2026-03-02T12:00:00Z", Lsn{2})}));
    EXPECT_THAT(sql("SELECT * FROM idempotency_keys"), SizeIs(2));
    commit(batch(3, {row(3, "2026-03-03T00:00:01Z", Lsn{3})}));
    EXPECT_EQ(sql("SELECT lsn FROM idempotency_keys ORDER BY lsn"), (Rows{{"2"}, {"3"}}));
}

TEST_F(IdempotencyKeys, OneThatComesAgainStandsBehindTheForgottenOne) {
    commit(batch(1, {row(1, "2026-03-01T00:00:00Z", Lsn{1})}));
    commit(
        batch(2, {row(1, "2026-03-01T01:00:00Z", Lsn{2}), row(1, "2026-03-01T02:00:00Z", Lsn{3})})
    );
    EXPECT_EQ(sql("SELECT lsn FROM idempotency_keys ORDER BY lsn"), (Rows{{"1"}, {"2"}, {"3"}}));
}

}  // namespace
}  // namespace faregate::postgres::testing
