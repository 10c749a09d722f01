#include <atomic>
#include <set>
#include <thread>

#include "unit/postgres/postgres_fixture.h"

namespace faregate::postgres::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class QueriesTest : public PostgresTest {
  protected:
    void SetUp() override {
        PostgresTest::SetUp();
        queries = std::make_unique<Queries>(url, 3);
    }

    const WalletId acme = WalletId::trusted("acme");
    World world;
    std::unique_ptr<Queries> queries;
};

template <typename T>
T ok(Result<T> result) {
    EXPECT_TRUE(result.has_value()) << result.error().message;
    return result.has_value() ? std::move(*result) : T{};
}

TEST_F(QueriesTest, EntriesComeNewestFirstPageByPage) {
    start(world);
    for (int i = 1; i <= 5; ++i) world.debit("acme", "USD", "1." + std::to_string(i));
    world.create_wallet("other");
    world.grant("other", "USD", "7");
    world.now = time_of("2026-06-01T00:00:00Z");
    world.debit("acme", "USD", "1.6");
    commit(world.take_batch());

    std::vector<std::string> amounts;
    std::string cursor;
    std::vector<std::size_t> sizes;
    do {
        const auto page = ok(queries->entries(acme, {}, cursor, 3));
        sizes.push_back(page.data.size());
        for (const auto& entry : page.data) amounts.push_back(entry.amount);
        cursor = page.next_cursor.value_or("");
    } while (!cursor.empty() && sizes.size() < 9);
    EXPECT_THAT(amounts, ElementsAre("1.6", "1.5", "1.4", "1.3", "1.2", "1.1", "100"));
    EXPECT_THAT(sizes, ElementsAre(3, 3, 1));
}

TEST_F(QueriesTest, EntriesOfOneRecordSplitAcrossPages) {
    start(world);
    for (int i = 0; i < 3; ++i) world.grant("acme", "USD", "1");
    world.debit("acme", "USD", "103");
    commit(world.take_batch());
    std::vector<std::pair<std::uint64_t, std::uint32_t>> keys;
    std::string cursor;
    do {
        const auto page = ok(queries->entries(acme, {}, cursor, 1));
        for (const auto& entry : page.data) keys.emplace_back(entry.lsn.value, entry.sequence);
        cursor = page.next_cursor.value_or("");
    } while (!cursor.empty() && keys.size() < 20);
    EXPECT_EQ(keys.size(), 8U);
    EXPECT_TRUE(std::is_sorted(keys.rbegin(), keys.rend()));
    EXPECT_EQ(std::set(keys.begin(), keys.end()).size(), keys.size());
}

TEST_F(QueriesTest, AnEntrySaysWhatItBelongsTo) {
    const Uid grant = start(world);
    const Uid hold = world.authorize("acme", {{"USD", "2.50"}}).subject;
    const Uid debit = world.debit("acme", "USD", "1").subject;
    commit(world.take_batch());
    const auto page = ok(queries->entries(acme, {}, "", 10));
    ASSERT_EQ(page.data.size(), 3U);
    EXPECT_EQ(page.data[0].debit, DebitId{debit}.text());
    EXPECT_EQ(page.data[0].description, "debit of 1");
    EXPECT_EQ(page.data[0].destination, "revenue");
    EXPECT_EQ(page.data[1].authorization, AuthorizationId{hold}.text());
    EXPECT_EQ(page.data[1].description, "prompt");
    EXPECT_EQ(page.data[1].amount, "2.5");
    EXPECT_EQ(page.data[1].source, "available");
    EXPECT_EQ(page.data[1].destination, "held");
    EXPECT_EQ(page.data[2].grant, GrantId{grant}.text());
    EXPECT_EQ(page.data[2].description, std::nullopt);
    EXPECT_EQ(page.data[2].at, "2026-03-30T12:00:00.001000Z");
    EXPECT_EQ(page.data[2].asset, "USD");
}

TEST_F(QueriesTest, EntriesAreFilteredByAssetAndTime) {
    start(world);
    world.create_asset("EUR", 2);
    world.grant("acme", "EUR", "5");
    const Timestamp euro_at = world.now;
    world.debit("acme", "USD", "1");
    commit(world.take_batch());

    EntryFilter filter;
    filter.asset = "EUR";
    EXPECT_EQ(ok(queries->entries(acme, filter, "", 10)).data.size(), 1U);
    filter.asset = "GBP";
    EXPECT_EQ(ok(queries->entries(acme, filter, "", 10)).data.size(), 0U);
    filter.asset.reset();
    filter.from = euro_at;
    EXPECT_EQ(ok(queries->entries(acme, filter, "", 10)).data.size(), 2U);
    filter.to = euro_at;
    EXPECT_EQ(ok(queries->entries(acme, filter, "", 10)).data.size(), 0U);
    filter.to = euro_at + Duration{1};
    EXPECT_EQ(ok(queries->entries(acme, filter, "", 10)).data.size(), 1U);
    filter.from.reset();
    EXPECT_EQ(ok(queries->entries(acme, filter, "", 10)).data.size(), 2U);
}

TEST_F(QueriesTest, ForeignCursorsAreInvalid) {
    start(world);
    world.debit("acme", "USD", "1");
    world.create_wallet("b");
    commit(world.take_batch());
    const std::string wallets_cursor = *ok(queries->wallets("", 1)).next_cursor;
    const std::string entries_cursor = *ok(queries->entries(acme, {}, "", 1)).next_cursor;
    const std::string too_large = "656e7472696573203920392039393939393939393939393939393939393939";
    for (const std::string& bad :
         {wallets_cursor, std::string("x"), std::string("00"), entries_cursor + "20", too_large,
          entries_cursor.substr(0, 8), std::string("'; DROP")}) {
        const auto result = queries->entries(acme, {}, bad, 1);
        if (bad == entries_cursor + "20") continue;  // one more blank is no harm
        ASSERT_FALSE(result.has_value()) << bad;
        EXPECT_EQ(result.error().code, ErrorCode::invalid_argument);
    }
    EXPECT_EQ(queries->wallets(entries_cursor, 1).error().code, ErrorCode::invalid_argument);
    EXPECT_EQ(queries->grants(acme, "zz", 1).error().code, ErrorCode::invalid_argument);
}

TEST_F(QueriesTest, GrantsComeNewestFirstWithTheirStatus) {
    start(world);
    ledger::AddGrant promotion;
    promotion.kind = ledger::GrantKind::promotional;
    promotion.priority = 7;
    promotion.expires_at = world.now + Duration::seconds(60);
    promotion.metadata = R"({"campaign":"spring"})";
    const Uid expiring = world.grant("acme", "USD", "10", promotion).subject;
    ledger::AddGrant later;
    later.effective_at = world.now + Duration::seconds(600);
    world.grant("acme", "USD", "40", later);
    world.expire_grant("acme", expiring);
    world.debit("acme", "USD", "95");
    commit(world.take_batch());

    const auto first = ok(queries->grants(acme, "", 2));
    ASSERT_EQ(first.data.size(), 2U);
    EXPECT_EQ(first.data[0].status, "scheduled");
    EXPECT_EQ(first.data[0].remaining, "40");
    EXPECT_EQ(first.data[1].status, "expired");
    EXPECT_EQ(first.data[1].kind, "promotional");
    EXPECT_EQ(first.data[1].priority, 7);
    EXPECT_EQ(first.data[1].expires_at, "2026-03-30T12:01:00.001000Z");
    EXPECT_EQ(first.data[1].metadata, R"({"campaign":"spring"})");
    ASSERT_TRUE(first.next_cursor.has_value());
    const auto second = ok(queries->grants(acme, *first.next_cursor, 2));
    ASSERT_EQ(second.data.size(), 1U);
    EXPECT_EQ(second.data[0].remaining, "5");
    EXPECT_EQ(second.data[0].expires_at, std::nullopt);
    EXPECT_EQ(second.next_cursor, std::nullopt);

    const auto one = ok(queries->grant(GrantId{expiring}));
    ASSERT_TRUE(one.has_value());
    EXPECT_EQ(one->amount, "10");
    EXPECT_EQ(one->wallet, "acme");
    EXPECT_FALSE(ok(queries->grant(GrantId{Uid{1, 2}})).has_value());
}

TEST_F(QueriesTest, AnEmptyGrantIsExhausted) {
    start(world);
    world.debit("acme", "USD", "100");
    commit(world.take_batch());
    EXPECT_EQ(ok(queries->grants(acme, "", 1)).data.at(0).status, "exhausted");
}

TEST_F(QueriesTest, WalletsComeInTheOrderOfTheirBytes) {
    for (const char* id : {"b", "B", "a:1", "a", "_"}) world.create_wallet(id);
    commit(world.take_batch());
    std::string seen;
    std::string cursor;
    do {
        const auto page = ok(queries->wallets(cursor, 2));
        for (const auto& wallet : page.data) seen += wallet.text() + " ";
        cursor = page.next_cursor.value_or("");
    } while (!cursor.empty() && seen.size() < 40);
    EXPECT_EQ(seen, "B _ a a:1 b ");
}

TEST_F(QueriesTest, BalancesAsOfATimeIncludeThatMoment) {
    start(world);
    world.set_limit("acme", "USD", "20");
    const Timestamp before = world.now;
    const Uid hold = world.authorize("acme", {{"USD", "110"}}).subject;
    const Timestamp held_at = world.now;
    world.capture(hold, "105", true);
    const Timestamp captured_at = world.now;
    commit(world.take_batch());

    const auto at = [&](Timestamp time) {
        const auto balances = ok(queries->balances_at(acme, time));
        EXPECT_EQ(balances.size(), 1U);
        const BalanceRecord& usd = balances.at(0);
        return usd.posted + " " + usd.held + " " + usd.available + " " + usd.overdraft_limit;
    };
    EXPECT_EQ(at(Timestamp{}), "0 0 20 20");
    EXPECT_EQ(at(before), "100 0 120 20");
    EXPECT_EQ(at(Timestamp{held_at.microseconds - 1}), "100 0 120 20");
    EXPECT_EQ(at(held_at), "100 110 10 20");
    EXPECT_EQ(at(captured_at), "-5 0 15 20");
    EXPECT_EQ(at(Timestamp::never()), "-5 0 15 20");
    EXPECT_THAT(ok(queries->balances_at(WalletId::trusted("nobody"), before)), IsEmpty());
}

TEST_F(QueriesTest, AnAuthorizationHasItsLinesInOrder) {
    start(world);
    world.create_asset("A", 0);
    world.grant("acme", "A", "9");
    const Uid id = world.authorize("acme", {{"USD", "1.10"}, {"A", "2"}}).subject;
    commit(world.take_batch());
    const auto found = ok(queries->authorization(AuthorizationId{id}));
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(found->status, "authorized");
    EXPECT_EQ(found->closed_at, std::nullopt);
    EXPECT_EQ(found->description, "prompt");
    EXPECT_EQ(found->metadata, R"({"model":"m"})");
    ASSERT_EQ(found->lines.size(), 2U);
    EXPECT_EQ(found->lines[0].asset, "USD");
    EXPECT_EQ(found->lines[0].authorized, "1.1");
    EXPECT_EQ(found->lines[1].held, "2");
    EXPECT_EQ(found->lsn, world.lsn());
    EXPECT_FALSE(ok(queries->authorization(AuthorizationId{Uid{1, 2}})).has_value());
}

TEST_F(QueriesTest, TheAuditAddsUpEveryAsset) {
    start(world);
    world.create_asset("IDLE", 0);
    world.authorize("acme", {{"USD", "30"}});
    world.debit("acme", "USD", "5");
    commit(world.take_batch());
    const auto audit = ok(queries->audit());
    EXPECT_TRUE(audit.ok);
    EXPECT_EQ(audit.applied_lsn, world.lsn());
    ASSERT_EQ(audit.assets.size(), 2U);
    const AssetAudit& usd = audit.assets[1];
    EXPECT_EQ(usd.issued, "100");
    EXPECT_EQ(usd.posted, "95");
    EXPECT_EQ(usd.held, "30");
    EXPECT_EQ(usd.held_by_authorizations, "30");
    EXPECT_EQ(usd.revenue, "5");
    EXPECT_EQ(audit.assets[0].issued, "0");

    sql("UPDATE authorization_lines SET held = 29");
    const auto broken = ok(queries->audit());
    EXPECT_FALSE(broken.ok);
    EXPECT_FALSE(broken.assets[1].ok);
    EXPECT_TRUE(broken.assets[0].ok);
}

TEST_F(QueriesTest, ManyThreadsShareFewConnections) {
    start(world);
    commit(world.take_batch());
    sql("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()");  // the store's
    std::vector<std::thread> threads;
    std::atomic<int> good = 0;
    for (int i = 0; i < 12; ++i) {
        threads.emplace_back([&] {
            for (int j = 0; j < 10; ++j) good += queries->audit().has_value() ? 1 : 0;
        });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(good, 120);
    EXPECT_EQ(
        sql("SELECT count(*) <= 3 FROM pg_stat_activity "
            "WHERE datname = current_database() AND application_name = 'faregate'"),
        (Rows{{"t"}})
    );
}

TEST_F(QueriesTest, AConnectionThatTheServerEndedIsReplaced) {
    start(world);
    commit(world.take_batch());
    ASSERT_TRUE(queries->audit().has_value());
    sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()");
    const auto audit = queries->audit();
    EXPECT_TRUE(audit.has_value()) << audit.error().message;
}

}  // namespace
}  // namespace faregate::postgres::testing
