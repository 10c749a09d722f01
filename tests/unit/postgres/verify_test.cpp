#include <fstream>
#include <sstream>

#include "unit/postgres/postgres_fixture.h"

namespace faregate::postgres::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// A world with something in every table.
class Verify : public PostgresTest {
  protected:
    void SetUp() override {
        PostgresTest::SetUp();
        World world;
        start(world);
        world.create_asset("A", 0);
        world.grant("acme", "A", "10");
        world.set_limit("acme", "USD", "50");
        const Uid captured = world.authorize("acme", {{"USD", "10"}}).subject;
        world.capture(captured, "4", true);
        world.authorize("acme", {{"USD", "100"}, {"A", "3"}});
        ledger::AddGrant later;
        later.effective_at = world.now + Duration::seconds(600);
        world.grant("acme", "USD", "40", later);
        world.debit("acme", "A", "2");
        world.create_wallet("other");
        world.grant("other", "USD", "1");
        commit(world.take_batch());
    }

    std::vector<Discrepancy> verify(std::uint32_t limit = 100) {
        auto found = Queries(url, 1).verify(limit);
        EXPECT_TRUE(found.has_value()) << found.error().message;
        return found.has_value() ? *found : std::vector<Discrepancy>{};
    }

    /// Whatever `change` does, verify() finds it in `table`, and only so.
    void expect_found(const std::string& table, const std::string& change) {
        sql(change);
        const auto found = verify();
        const bool named = std::any_of(found.begin(), found.end(), [&](const Discrepancy& each) {
            return each.table == table && !each.key.empty() && !each.what.empty();
        });
        std::string all;
        for (const auto& each : found) all += each.table + " " + each.key + ": " + each.what + "\n";
        EXPECT_TRUE(named) << change << " was not found in " << table << ", but\n" << all;
    }

    /// The conservation query of docs/sql.md.
    static std::string conservation_query() {
        // Tests run in the root of the sources.
        const std::filesystem::path path = "docs/sql.md";
        std::ifstream file(path);
        std::stringstream text;
        text << file.rdbuf();
        const std::string all = text.str();
        const std::string fence = "```sql\n-- conservation";
        const std::size_t begin = all.find(fence);
        EXPECT_NE(begin, std::string::npos) << path;
        if (begin == std::string::npos) return "SELECT 'no query'";
        const std::size_t end = all.find("```", begin + fence.size());
        return all.substr(begin + 7, end - begin - 7);
    }
};

TEST_F(Verify, AnUntouchedDatabaseAgrees) {
    EXPECT_THAT(verify(), IsEmpty());
    EXPECT_THAT(sql(conservation_query()), IsEmpty());
}

TEST_F(Verify, FindsChangedBalances) {
    // Both together, since the table itself refuses the one without the other.
    expect_found(
        "balances",
        "UPDATE balances SET posted = posted + 1, issued = issued + 1 "
        "WHERE wallet = 'other'"
    );
    EXPECT_THAT(verify().at(0).key, HasSubstr("other USD"));
    EXPECT_EQ(verify().at(0).what, "posted is 2, the entries add up to 1");
}

TEST_F(Verify, FindsEveryColumnOfABalance) {
    for (const char* change :
         {"held = held - 1 WHERE wallet = 'acme' AND asset = 'USD'",
          "debt = debt + 1 WHERE wallet = 'other'",
          "overdraft_held = overdraft_held - 1 WHERE overdraft_held > 0",
          "posted = posted - 1, revenue = revenue + 1 WHERE wallet = 'other'",
          "posted = posted - 1, breakage = breakage + 1 WHERE wallet = 'other'"}) {
        sql("CREATE TABLE saved AS SELECT * FROM balances");
        expect_found("balances", std::string("UPDATE balances SET ") + change);
        sql("UPDATE balances b SET posted = s.posted, held = s.held, debt = s.debt, "
            "overdraft_held = s.overdraft_held, issued = s.issued, revenue = s.revenue, "
            "breakage = s.breakage FROM saved s WHERE b.wallet = s.wallet AND b.asset = s.asset");
        sql("DROP TABLE saved");
        EXPECT_THAT(verify(), IsEmpty());
    }
}

TEST_F(Verify, FindsAMissingBalance) {
    expect_found("balances", "DELETE FROM balances WHERE wallet = 'other'");
}

TEST_F(Verify, FindsABalanceOutOfNowhere) {
    expect_found(
        "balances",
        "INSERT INTO balances (wallet, asset, posted, held, overdraft_limit, debt, "
        "overdraft_held, issued, revenue, breakage, lsn) "
        "VALUES ('other', 'A', 5, 0, 0, 0, 0, 5, 0, 0, 1)"
    );
}

TEST_F(Verify, FindsChangedGrants) {
    expect_found("grants", "UPDATE grants SET remaining = remaining - 1 WHERE wallet = 'other'");
}
TEST_F(Verify, FindsAChangedHoldOfAGrant) {
    expect_found("grants", "UPDATE grants SET held = held - 1 WHERE held > 0 AND asset = 'A'");
}
TEST_F(Verify, FindsAChangedAmountOfAGrant) {
    expect_found("grants", "UPDATE grants SET amount = amount + 1 WHERE wallet = 'other'");
}
TEST_F(Verify, FindsAnActiveGrantMadeScheduled) {
    expect_found("grants", "UPDATE grants SET status = 'scheduled' WHERE wallet = 'other'");
}
TEST_F(Verify, FindsAScheduledGrantMadeActive) {
    expect_found("grants", "UPDATE grants SET status = 'active' WHERE status = 'scheduled'");
}
TEST_F(Verify, FindsAMissingGrant) {
    expect_found("grants", "DELETE FROM grants WHERE wallet = 'other'");
}
TEST_F(Verify, FindsAGrantOfAnotherWallet) {
    expect_found("grants", "UPDATE grants SET wallet = 'acme' WHERE wallet = 'other'");
}

TEST_F(Verify, FindsChangedLines) {
    expect_found("authorization_lines", "UPDATE authorization_lines SET captured = captured + 1");
}
TEST_F(Verify, FindsAChangedHoldOfALine) {
    expect_found(
        "authorization_lines",
        "UPDATE authorization_lines SET held = held - 1 "
        "WHERE held > 0"
    );
}
TEST_F(Verify, FindsAChangedAuthorizedAmount) {
    expect_found(
        "authorization_lines",
        "UPDATE authorization_lines SET authorized = 999 "
        "WHERE held > 0"
    );
}
TEST_F(Verify, FindsAMissingLine) {
    expect_found("authorization_lines", "DELETE FROM authorization_lines WHERE asset = 'A'");
}

TEST_F(Verify, FindsChangedParts) {
    expect_found("hold_parts", "UPDATE hold_parts SET amount = amount + 1 WHERE grant_id IS NULL");
}
TEST_F(Verify, FindsAMissingPart) {
    expect_found("hold_parts", "DELETE FROM hold_parts WHERE asset = 'A'");
}

TEST_F(Verify, FindsAClosedAuthorizationThatHolds) {
    expect_found(
        "authorizations",
        "UPDATE authorizations SET status = 'voided', closed_at = now() "
        "WHERE status = 'authorized'"
    );
}
TEST_F(Verify, FindsAnOpenAuthorizationThatHoldsNothing) {
    expect_found(
        "authorizations",
        "UPDATE authorizations SET status = 'authorized', "
        "closed_at = NULL WHERE status = 'captured'"
    );
}
TEST_F(Verify, FindsAMissingAuthorization) {
    expect_found("authorizations", "DELETE FROM authorizations WHERE status = 'captured'");
}
TEST_F(Verify, FindsAnAuthorizationOfAnotherWallet) {
    expect_found("authorizations", "UPDATE authorizations SET wallet = 'other'");
}

TEST_F(Verify, FindsAMissingDebit) { expect_found("debits", "DELETE FROM debits"); }
TEST_F(Verify, FindsADebitOfAnotherTime) {
    expect_found("debits", "UPDATE debits SET at = at + interval '1 second'");
}
TEST_F(Verify, FindsAMissingWallet) {
    expect_found("wallets", "DELETE FROM wallets WHERE id = 'other'");
}

TEST_F(Verify, FindsAnAlteredAmount) {
    expect_found("balances", "UPDATE entries SET amount = amount + 1 WHERE wallet = 'other'");
}
TEST_F(Verify, FindsAnAlteredSide) {
    expect_found(
        "balances",
        "UPDATE entries SET destination = 'breakage' "
        "WHERE destination = 'revenue'"
    );
}
TEST_F(Verify, FindsAnAlteredGrantOfAnEntry) {
    expect_found("grants", "UPDATE entries SET grant_id = NULL WHERE source = 'issued'");
}
TEST_F(Verify, FindsAnAlteredWallet) {
    expect_found("balances", "UPDATE entries SET wallet = 'acme' WHERE wallet = 'other'");
}
TEST_F(Verify, FindsARemovedEntry) {
    expect_found(
        "entries",
        "DELETE FROM entries WHERE sequence = 0 AND asset = 'USD' "
        "AND destination = 'held'"
    );
}
TEST_F(Verify, FindsAnAlteredTime) {
    expect_found(
        "entries",
        "UPDATE entries SET at = at + interval '1 day' "
        "WHERE source = 'issued' AND wallet = 'acme' AND asset = 'USD'"
    );
}
TEST_F(Verify, FindsAnEntryThatWasNeverApplied) {
    expect_found("entries", "UPDATE entries SET lsn = 1000 WHERE wallet = 'other'");
}
TEST_F(Verify, FindsAnEntryOutOfNowhere) {
    expect_found(
        "balances",
        "INSERT INTO entries (wallet, at, lsn, sequence, asset, amount, source, "
        "destination) VALUES ('other', now(), 5, 0, 'USD', 1, 'issued', 'breakage')"
    );
}

TEST_F(Verify, StopsAtItsLimit) {
    sql("DELETE FROM balances");
    EXPECT_EQ(verify(2).size(), 2U);
    EXPECT_THAT(verify(0), IsEmpty());
}

TEST_F(Verify, TheConservationQueryOfTheDocumentationFindsABreak) {
    sql("UPDATE authorization_lines SET held = held - 1 WHERE asset = 'A' AND held > 0");
    EXPECT_THAT(sql(conservation_query()), ::testing::SizeIs(1));
}
TEST_F(Verify, TheConservationQueryOfTheDocumentationFindsAnAlteredEntry) {
    sql("UPDATE entries SET amount = amount + 1 WHERE wallet = 'other'");
    EXPECT_THAT(sql(conservation_query()), ::testing::SizeIs(1));
}

}  // namespace
}  // namespace faregate::postgres::testing
