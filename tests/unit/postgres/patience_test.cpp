#include "postgres/patience.h"

#include "postgres/connection.h"
#include "postgres/error.h"
#include "unit/postgres/postgres_fixture.h"

namespace faregate::postgres::testing {
namespace {

class PatienceTest : public PostgresTest {
  protected:
    /// Runs `statement` under a patience of so many milliseconds.
    Status run(const std::string& statement, std::int64_t limit_ms) {
        return guarded("wait", [&] {
            const Patience patience(connection->sock(), Duration::milliseconds(limit_ms));
            pqxx::nontransaction session(*connection);
            session.exec(statement);
        });
    }

    std::unique_ptr<pqxx::connection> connection;

    void SetUp() override {
        PostgresTest::SetUp();
        connection = connect(url, SessionOptions{});
    }
};

// A statement whose answer never came held its caller for ever: the projection stood still while
// the database counted as reachable, and a key that was revoked stayed in force.
TEST_F(PatienceTest, AnAnswerThatDoesNotComeIsALostConnection) {
    const Status waited = run("SELECT pg_sleep(600)", 200);
    ASSERT_FALSE(waited.has_value());
    EXPECT_EQ(waited.error().code, ErrorCode::unavailable);
    EXPECT_FALSE(connection->is_open());
}

TEST_F(PatienceTest, AnAnswerInTimeLeavesTheConnectionAsItWas) {
    for (int i = 0; i < 100; ++i) {
        const Status waited = run("SELECT 1", 60'000);
        ASSERT_TRUE(waited.has_value()) << waited.error().message;
    }
    // The limits of calls that are over do not count any more.
    ASSERT_TRUE(run("SELECT 1", 100).has_value());
    const Status later = run("SELECT pg_sleep(0.5)", 60'000);
    EXPECT_TRUE(later.has_value()) << later.error().message;
}

TEST_F(PatienceTest, TheShorterOfTwoLimitsIsKept) {
    const auto other = connect(url, SessionOptions{});
    const Patience longer(other->sock(), Duration::seconds(3'600));
    EXPECT_FALSE(run("SELECT pg_sleep(600)", 200).has_value());
    EXPECT_TRUE(other->is_open());
}

TEST_F(PatienceTest, AStoreThatIsGivenUpGoesOnWithANewConnection) {
    StoreOptions options;
    options.answer_timeout = Duration::milliseconds(300);
    const auto impatient = make_store(url, options);
    ASSERT_TRUE(impatient->current().has_value());
    {
        pqxx::connection person(url);
        pqxx::work transaction(person);
        transaction.exec("LOCK TABLE journals IN ACCESS EXCLUSIVE MODE");
        const auto current = impatient->current();
        ASSERT_FALSE(current.has_value());
        EXPECT_EQ(current.error().code, ErrorCode::unavailable);
    }
    EXPECT_TRUE(impatient->current().has_value());
}

}  // namespace
}  // namespace faregate::postgres::testing
