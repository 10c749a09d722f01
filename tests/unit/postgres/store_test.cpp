#include <chrono>
#include <thread>

#include "unit/postgres/postgres_fixture.h"

namespace faregate::postgres::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Store : public PostgresTest {};

TEST_F(Store, ANewDatabaseBelongsToNobody) {
    const std::string fresh = support::PostgresCluster::instance().create_database();
    ASSERT_TRUE(migrate(fresh).has_value());
    const auto owner = make_store(fresh)->current();
    ASSERT_TRUE(owner.has_value()) << owner.error().message;
    EXPECT_FALSE(owner->has_value());
}

TEST_F(Store, AClaimRegistersTheJournalAndRaisesTheEpoch) {
    const auto owner = store->current();
    ASSERT_TRUE(owner.has_value() && owner->has_value());
    EXPECT_EQ((*owner)->journal, journal_id(1));
    EXPECT_EQ((*owner)->epoch, Epoch{1});
    EXPECT_EQ((*owner)->applied_lsn, Lsn{});

    const auto again = make_store(url)->claim(journal_id(1), Epoch{}, false);
    ASSERT_TRUE(again.has_value());
    EXPECT_EQ(again->epoch, Epoch{2});
}

TEST_F(Store, AClaimRaisesTheEpochAboveTheJournals) {
    const auto same = make_store(url)->claim(journal_id(1), Epoch{7}, false);
    ASSERT_TRUE(same.has_value());
    EXPECT_EQ(same->epoch, Epoch{8});
    const auto other = make_store(url)->claim(journal_id(2), Epoch{20}, true);
    ASSERT_TRUE(other.has_value());
    EXPECT_EQ(other->epoch, Epoch{21});
}

TEST_F(Store, ABatchIsAppliedOnce) {
    World world;
    start(world);
    const auto batch = world.take_batch();
    commit(batch);
    EXPECT_EQ(store->applied_lsn().value(), world.lsn());
    const Rows before = sql("SELECT * FROM balances");

    const Status repeated = store->commit(batch);
    ASSERT_FALSE(repeated.has_value());
    EXPECT_EQ(repeated.error().code, ErrorCode::unavailable);
    EXPECT_THAT(repeated.error().message, HasSubstr("out of order"));
    EXPECT_EQ(sql("SELECT * FROM balances"), before);
    EXPECT_EQ(sql("SELECT count(*) FROM entries"), (Rows{{"1"}}));
    EXPECT_EQ(store->applied_lsn().value(), world.lsn());
}

TEST_F(Store, ABatchThatSkipsRecordsIsRefused) {
    World world;
    start(world);
    world.take_batch();
    world.debit("acme", "USD", "1");
    const Status committed = store->commit(world.take_batch());
    ASSERT_FALSE(committed.has_value());
    EXPECT_EQ(committed.error().code, ErrorCode::unavailable);
    EXPECT_EQ(store->applied_lsn().value(), Lsn{});
}

TEST_F(Store, GoesOnAfterARefusal) {
    World world;
    start(world);
    const auto first = world.take_batch();
    commit(first);
    ASSERT_FALSE(store->commit(first).has_value());
    world.debit("acme", "USD", "1.5");
    commit(world.take_batch());
    EXPECT_EQ(sql("SELECT posted, revenue FROM balances"), (Rows{{"98.5", "1.5"}}));
}

TEST_F(Store, ALaterClaimFencesTheEarlierOwner) {
    World world;
    start(world);
    auto successor = make_store(url);
    ASSERT_TRUE(successor->claim(journal_id(1), Epoch{}, false).has_value());

    const auto batch = world.take_batch();
    const Status committed = store->commit(batch);
    ASSERT_FALSE(committed.has_value());
    EXPECT_EQ(committed.error().code, ErrorCode::fenced);
    EXPECT_EQ(store->applied_lsn().error().code, ErrorCode::fenced);
    EXPECT_THAT(sql("SELECT * FROM entries"), IsEmpty());
    EXPECT_THAT(sql("SELECT * FROM assets"), IsEmpty());

    EXPECT_TRUE(successor->commit(batch).has_value());
}

TEST_F(Store, AnotherJournalIsRefusedAndToldWhy) {
    const auto other = make_store(url)->claim(journal_id(2), Epoch{}, false);
    ASSERT_FALSE(other.has_value());
    EXPECT_EQ(other.error().code, ErrorCode::already_exists);
    EXPECT_THAT(other.error().message, HasSubstr(journal_id(1).text()));
    EXPECT_THAT(other.error().message, HasSubstr(journal_id(2).text()));
    EXPECT_TRUE(store->applied_lsn().has_value());
}

TEST_F(Store, AReplacementGoesOnWhereTheOldJournalStood) {
    World world;
    start(world);
    commit(world.take_batch());
    auto replacement = make_store(url);
    const auto claimed = replacement->claim(journal_id(2), Epoch{}, true);
    ASSERT_TRUE(claimed.has_value()) << claimed.error().message;
    EXPECT_EQ(claimed->journal, journal_id(2));
    EXPECT_EQ(claimed->applied_lsn, world.lsn());
    EXPECT_GT(claimed->epoch, Epoch{1});

    world.debit("acme", "USD", "1");
    const auto batch = world.take_batch();
    EXPECT_EQ(store->commit(batch).error().code, ErrorCode::fenced);
    EXPECT_TRUE(replacement->commit(batch).has_value());
    EXPECT_EQ(replacement->current().value()->journal, journal_id(2));
    EXPECT_EQ(
        sql("SELECT journal_id, retired_at IS NULL FROM journals ORDER BY journal_id"),
        (Rows{{journal_id(1).text(), "f"}, {journal_id(2).text(), "t"}})
    );
}

// Two copies of one journal can both have a record with that LSN, and not the same.
TEST_F(Store, AClaimTellsTheHashOfTheLastRecord) {
    EXPECT_EQ((*store->current().value()).applied_hash, "");
    World world;
    start(world);
    auto batch = world.take_batch();
    batch.last_hash = "a1b2";
    commit(batch);
    EXPECT_EQ((*store->current().value()).applied_hash, "a1b2");
    EXPECT_EQ(make_store(url)->claim(journal_id(1), Epoch{}, false)->applied_hash, "a1b2");
    // A journal that begins after that record has no history to compare.
    EXPECT_EQ(make_store(url)->claim(journal_id(2), Epoch{}, true)->applied_hash, "");
}

// A start that is refused must not have migrated: a server of an older version may be running.
TEST_F(Store, TheOwnerIsFoundInAnOlderSchema) {
    sql("ALTER TABLE journals DROP COLUMN applied_hash");
    const auto owner = make_store(url)->current();
    ASSERT_TRUE(owner.has_value() && owner->has_value()) << owner.error().message;
    EXPECT_EQ((*owner)->journal, journal_id(1));
    sql("DROP TABLE journals");
    EXPECT_FALSE(make_store(url)->current().value().has_value());
}

TEST_F(Store, AReplacedJournalCanComeBackOnlyAsAReplacement) {
    ASSERT_TRUE(make_store(url)->claim(journal_id(2), Epoch{}, true).has_value());
    EXPECT_EQ(store->claim(journal_id(1), Epoch{}, false).error().code, ErrorCode::already_exists);
    const auto back = store->claim(journal_id(1), Epoch{}, true);
    ASSERT_TRUE(back.has_value()) << back.error().message;
    EXPECT_GT(back->epoch, Epoch{2});
    EXPECT_TRUE(store->applied_lsn().has_value());
}

// Two first claims once held a weak lock each and waited for the other to get a stronger one.
TEST_F(Store, ClaimsAtOnceGetDifferentEpochs) {
    for (int round = 0; round < 10; ++round) {
        sql("TRUNCATE journals");
        std::vector<Result<engine::Claim>> claims(4);
        std::vector<std::thread> threads;
        for (auto& claim : claims) {
            threads.emplace_back([&] {
                claim = make_store(url)->claim(journal_id(1), Epoch{}, false);
            });
        }
        for (auto& thread : threads) thread.join();
        std::set<Epoch> epochs;
        for (const auto& claim : claims) {
            ASSERT_TRUE(claim.has_value()) << claim.error().message;
            epochs.insert(claim->epoch);
        }
        EXPECT_EQ(epochs.size(), claims.size());
    }
}

// The answer to a commit was lost, and the server still works on it: whoever asks where the
// database stands must not be told the state before that commit.
TEST_F(Store, WaitsForACommitThatIsStillUnderWay) {
    pqxx::connection lost(url);
    pqxx::work unanswered(lost);
    unanswered.exec("UPDATE journals SET applied_lsn = 7");

    Result<Lsn> applied;
    std::thread asking([&] { applied = store->applied_lsn(); });
    const std::string waiting =
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'";
    for (int i = 0; i < 500 && sql(waiting) != Rows{{"1"}}; ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds{10});
    }
    EXPECT_EQ(sql(waiting), (Rows{{"1"}}));
    unanswered.commit();
    asking.join();
    ASSERT_TRUE(applied.has_value()) << applied.error().message;
    EXPECT_EQ(*applied, Lsn{7});
}

TEST_F(Store, LastAtNeverGoesBack) {
    World world;
    start(world);
    commit(world.take_batch());
    world.debit("acme", "USD", "1");
    auto batch = world.take_batch();
    batch.last_at = time_of("2026-01-01T00:00:00Z");
    commit(batch);
    EXPECT_EQ(
        sql("SELECT to_char(last_at AT TIME ZONE 'UTC', 'YYYY-MM-DD') FROM journals"),
        (Rows{{"2026-03-30"}})
    );
}

class Outage : public PostgresTest {
  protected:
    support::PostgresCluster& cluster = support::PostgresCluster::instance();
};

TEST_F(Outage, AStoppedServerIsUnavailableAndAStartedOneWorks) {
    for (const auto how :
         {support::PostgresCluster::Stop::fast, support::PostgresCluster::Stop::immediate}) {
        World world;
        start(world);
        Queries queries(url, 2);
        ASSERT_TRUE(queries.applied_lsn().has_value());
        cluster.stop(how);

        const auto batch = world.take_batch();
        EXPECT_EQ(store->commit(batch).error().code, ErrorCode::unavailable);
        EXPECT_EQ(store->applied_lsn().error().code, ErrorCode::unavailable);
        EXPECT_EQ(queries.applied_lsn().error().code, ErrorCode::unavailable);
        EXPECT_EQ(queries.audit().error().code, ErrorCode::unavailable);

        cluster.start();
        EXPECT_EQ(store->applied_lsn().value(), Lsn{});
        commit(batch);
        EXPECT_EQ(queries.applied_lsn().value(), batch.last);

        SetUp();
    }
}

TEST_F(Outage, ARestartInBetweenIsNotNoticedByReaders) {
    World world;
    start(world);
    commit(world.take_batch());
    Queries queries(url, 2);
    ASSERT_TRUE(queries.audit().has_value());
    for (const auto how :
         {support::PostgresCluster::Stop::fast, support::PostgresCluster::Stop::immediate}) {
        cluster.stop(how);
        cluster.start();
        const auto audit = queries.audit();
        ASSERT_TRUE(audit.has_value()) << audit.error().message;
        const auto wallets = queries.wallets("", 10);
        ASSERT_TRUE(wallets.has_value()) << wallets.error().message;
    }
}

TEST_F(Outage, AFailoverThatLostCommitsIsCaughtUp) {
    World world;
    start(world);
    const auto lost = world.take_batch();
    commit(lost);
    // What a promoted standby without the last commit looks like.
    sql("TRUNCATE assets, wallets, balances, grants, entries");
    sql("UPDATE journals SET applied_lsn = 0");
    world.debit("acme", "USD", "1");
    EXPECT_EQ(store->commit(world.take_batch()).error().code, ErrorCode::unavailable);
    EXPECT_EQ(store->applied_lsn().value(), Lsn{});
    commit(lost);
}

}  // namespace
}  // namespace faregate::postgres::testing
