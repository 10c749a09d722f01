#include <thread>

#include "postgres/migrations.h"
#include "unit/postgres/postgres_fixture.h"

namespace faregate::postgres::testing {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

class Migrate : public ::testing::Test {
  protected:
    std::string url = support::PostgresCluster::instance().create_database();
};

TEST_F(Migrate, AppliesEverythingInOrderAndOnce) {
    const auto first = migrate(url);
    ASSERT_TRUE(first.has_value()) << first.error().message;
    std::vector<std::string> names;
    for (const Migration& migration : migrations()) names.emplace_back(migration.name);
    EXPECT_EQ(*first, names);
    EXPECT_TRUE(std::is_sorted(names.begin(), names.end()));

    const auto second = migrate(url);
    ASSERT_TRUE(second.has_value()) << second.error().message;
    EXPECT_THAT(*second, IsEmpty());
}

TEST_F(Migrate, SeveralAtOnceApplyEachMigrationOnce) {
    std::vector<Result<std::vector<std::string>>> results(4);
    std::vector<std::thread> threads;
    for (auto& result : results) threads.emplace_back([&] { result = migrate(url); });
    for (auto& thread : threads) thread.join();

    std::size_t applied = 0;
    for (const auto& result : results) {
        ASSERT_TRUE(result.has_value()) << result.error().message;
        applied += result->size();
    }
    EXPECT_EQ(applied, migrations().size());
    EXPECT_THAT(run_sql(url, "SELECT * FROM schema_migrations"), SizeIs(migrations().size()));
}

TEST_F(Migrate, RefusesADatabaseOfANewerVersion) {
    ASSERT_TRUE(migrate(url).has_value());
    run_sql(url, "INSERT INTO schema_migrations (name, sha256) VALUES ('9999_future', 'x')");
    const auto result = migrate(url);
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().code, ErrorCode::invalid_argument);
    EXPECT_THAT(result.error().message, ::testing::HasSubstr("9999_future"));
}

TEST_F(Migrate, RefusesAnAppliedMigrationThatWasChanged) {
    ASSERT_TRUE(migrate(url).has_value());
    run_sql(url, "UPDATE schema_migrations SET sha256 = 'x' WHERE name = '0002_accounts'");
    const auto result = migrate(url);
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().code, ErrorCode::invalid_argument);
    EXPECT_THAT(result.error().message, ::testing::HasSubstr("0002_accounts"));
}

TEST_F(Migrate, AFailedMigrationLeavesNothingBehind) {
    run_sql(url, "CREATE TABLE balances (x int)");
    EXPECT_EQ(migrate(url).error().code, ErrorCode::io);
    EXPECT_THAT(run_sql(url, "SELECT name FROM schema_migrations"), SizeIs(1));
    EXPECT_THAT(run_sql(url, "SELECT FROM pg_class WHERE relname = 'assets'"), IsEmpty());

    run_sql(url, "DROP TABLE balances");
    EXPECT_TRUE(migrate(url).has_value());
}

TEST_F(Migrate, AMissingServerIsUnavailable) {
    const auto result = migrate("postgresql://nobody@/nothing?host=/nonexistent");
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().code, ErrorCode::unavailable);
}

TEST_F(Migrate, AStoreWithoutTheSchemaSaysWhatToDo) {
    const auto result = make_store(url)->claim(JournalId{}, Epoch{}, false);
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().code, ErrorCode::io);
    EXPECT_THAT(result.error().message, ::testing::HasSubstr("faregate migrate"));
}

TEST_F(Migrate, EveryTableAndColumnHasAComment) {
    ASSERT_TRUE(migrate(url).has_value());
    const Rows uncommented = run_sql(
        url,
        "SELECT c.relname, a.attname FROM pg_class c "
        "JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'public' "
        "JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped "
        "WHERE c.relkind IN ('r', 'p', 'v') AND NOT c.relispartition "
        "AND (obj_description(c.oid, 'pg_class') IS NULL "
        "     OR col_description(c.oid, a.attnum) IS NULL)"
    );
    for (const auto& row : uncommented) ADD_FAILURE() << row[0] << "." << row[1];
}

}  // namespace
}  // namespace faregate::postgres::testing
