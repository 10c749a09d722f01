#include <gtest/gtest.h>

#include "support/ledger_script.h"

namespace faregate::ledger {
namespace {

using support::run_ledger_script;

TEST(Grant, ThatExpiresGoesToBreakage) {
    EXPECT_EQ(
        run_ledger_script(R"(
        wallet                     | accepted |
        grant g1 10 until=60       | accepted |
        grant g2 5                 | accepted |
        debit 4                    | accepted | g1=6/0
        advance 59                 |          | 11/0/11
        advance 1                  |          | 5/0/5 breakage=6 g1=gone
    )"),
        ""
    );
}

TEST(Grant, ThatExpiresWhilePinnedStaysUsableForItsHold) {
    EXPECT_EQ(
        run_ledger_script(R"(
        wallet                     | accepted |
        grant g1 10 until=60       | accepted |
        authorize h1 6             | accepted | h1.parts=g1:6
        advance 60                 |          | 6/6/0 breakage=4 g1=6/6 g1.status=expired
        authorize h2 1             | insufficient_funds
        increment h1 1             | insufficient_funds
        capture h1 6               | accepted | 0/0/0 revenue=6 breakage=4 g1=gone
    )"),
        ""
    );
}

TEST(Grant, WhatReturnsToAnExpiredOneExpiresAtOnce) {
    EXPECT_EQ(
        run_ledger_script(R"(
        wallet                     | accepted |
        grant g1 10 until=60       | accepted |
        grant g2 10                | accepted |
        authorize h1 12            | accepted | h1.parts=g1:10,g2:2
        advance 60                 |          | 20/12/8 breakage=0 g1.status=expired
        # A partial capture releases 8: 6 of them of g1.
        capture h1 4               | accepted | 10/0/10 breakage=6 revenue=4 released=8 g1=gone
    )"),
        ""
    );
    EXPECT_EQ(
        run_ledger_script(R"(
        wallet                     | accepted |
        grant g1 10 until=60       | accepted |
        authorize h1 6             | accepted |
        advance 60                 |          | 6/6/0 breakage=4
        void h1                    | accepted | 0/0/0 breakage=10 released=6 g1=gone
    )"),
        ""
    );
    EXPECT_EQ(
        run_ledger_script(R"(
        wallet                     | accepted |
        grant g1 10 until=60       | accepted |
        authorize h1 6 ttl=61      | accepted |
        advance 60                 |          | 6/6/0 breakage=4
        advance 1                  |          | 0/0/0 breakage=10 h1.status=expired
        # The money is gone, and so a late capture finds nothing.
        capture h1                 | accepted | moved=0 short=6
    )"),
        ""
    );
}

TEST(Grant, ThatEndsWithItsHoldGetsTheMoneyBackFirst) {
    // At the same moment the hold ends first, so all of the grant is broken either way.
    EXPECT_EQ(
        run_ledger_script(R"(
        wallet                     | accepted |
        grant g1 10 until=60       | accepted |
        authorize h1 6 ttl=60      | accepted |
        advance 60                 |          | 0/0/0 breakage=10 g1=gone h1.status=expired
    )"),
        ""
    );
}

TEST(Grant, IsScheduledUntilItIsEffective) {
    EXPECT_EQ(
        run_ledger_script(R"(
        wallet                     | accepted |
        grant g1 10 from=60 until=90 | accepted | 0/0/0 issued=0 g1.status=scheduled
        authorize h1 1             | insufficient_funds
        advance 59                 |          | 0/0/0
        advance 1                  |          | 10/0/10 issued=10 g1.status=active
        authorize h1 4             | accepted |
        advance 30                 |          | 4/4/0 breakage=6 g1.status=expired
    )"),
        ""
    );
}

TEST(Grant, ScheduledAndOverInOneJumpIsIssuedAndBroken) {
    EXPECT_EQ(
        run_ledger_script(R"(
        wallet                     | accepted |
        grant g1 10 from=60 until=90 | accepted |
        advance 1000               |          | 0/0/0 issued=10 breakage=10 g1=gone
    )"),
        ""
    );
}

TEST(Grant, SettlesSpentDebtBeforeAnythingElse) {
    EXPECT_EQ(
        run_ledger_script(R"(
        wallet                     | accepted |
        limit 10                   | accepted |
        debit 8                    | accepted | -8/0/2 debt=8
        grant g1 5                 | accepted | -3/0/7 debt=3 issued=5 g1=gone
        grant g2 5                 | accepted | 2/0/12 debt=0 g2=2/0
    )"),
        ""
    );
}

TEST(Grant, ScheduledSettlesDebtWhenItBecomesEffective) {
    EXPECT_EQ(
        run_ledger_script(R"(
        wallet                     | accepted |
        limit 10                   | accepted |
        grant g1 5 from=60         | accepted | 0/0/10
        debit 8                    | accepted | -8/0/2
        advance 60                 |          | -3/0/7 debt=3 issued=5 g1=gone
    )"),
        ""
    );
}

TEST(Revoke, BreaksWhatIsFreeAndLeavesWhatIsHeld) {
    EXPECT_EQ(
        run_ledger_script(R"(
        wallet                     | accepted |
        grant g1 10                | accepted |
        grant g2 5                 | accepted |
        authorize h1 4             | accepted | h1.parts=g1:4
        revoke g1                  | accepted | 9/4/5 breakage=6 moved=6 g1=4/4 g1.status=revoked
        authorize h2 6             | insufficient_funds
        capture h1 3               | accepted | 5/0/5 revenue=3 breakage=7 g1=gone
        revoke g2                  | accepted | 0/0/0 breakage=12 g2=gone
    )"),
        ""
    );
}

TEST(Revoke, OfAScheduledGrantLeavesNoTrace) {
    EXPECT_EQ(
        run_ledger_script(R"(
        wallet                     | accepted |
        grant g1 10 from=60        | accepted |
        revoke g1                  | accepted | 0/0/0 moved=10 g1=gone issued=0 breakage=0
        advance 60                 |          | 0/0/0 issued=0
        revoke g1                  | grant_not_found
    )"),
        ""
    );
}

}  // namespace
}  // namespace faregate::ledger
