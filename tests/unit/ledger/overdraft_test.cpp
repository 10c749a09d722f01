#include <gtest/gtest.h>

#include "support/ledger_script.h"

namespace faregate::ledger {
namespace {

using support::run_ledger_script;

TEST(Overdraft, IsSpentAfterAllGrants) {
    EXPECT_EQ(
        run_ledger_script(R"(
        wallet                     | accepted |
        grant g1 5                 | accepted |
        limit 10                   | accepted | 5/0/15
        debit 12                   | accepted | -7/0/3 debt=7
        debit 3.01                 | insufficient_funds | short=0.01
        debit 3                    | accepted | -10/0/0 debt=10
        debit 0.01                 | insufficient_funds
    )"),
        ""
    );
}

TEST(Overdraft, HoldsDrawFromTheLineToo) {
    EXPECT_EQ(
        run_ledger_script(R"(
        wallet                     | accepted |
        grant g1 5                 | accepted |
        limit 10                   | accepted |
        authorize h1 12            | accepted | 5/12/3 h1.parts=g1:5,credit:7 debt=7 odheld=7
        authorize h2 3.01          | insufficient_funds
        authorize h2 3             | accepted | 5/15/0 h2.parts=credit:3
        # Credit that is only held is no debt yet: a new grant is free.
        grant g2 4                 | accepted | 9/15/4 debt=10 odheld=10
        void h2                    | accepted | 9/12/7 debt=7 odheld=7
        capture h1 6               | accepted | 3/0/13 debt=0 released=6
    )"),
        ""
    );
}

TEST(Overdraft, CaptureOfHeldCreditIsPaidWithFreeMoney) {
    EXPECT_EQ(
        run_ledger_script(R"(
        wallet                     | accepted |
        limit 10                   | accepted |
        authorize h1 8             | accepted | 0/8/2 h1.parts=credit:8
        grant g1 5                 | accepted | 5/8/7
        capture h1 3 partial       | accepted | 2/5/7 debt=5 odheld=5 g1=2/0
        capture h1 5               | accepted | -3/0/7 debt=3 odheld=0 g1=gone
    )"),
        ""
    );
}

TEST(Overdraft, VoidedMoneySettlesDebt) {
    EXPECT_EQ(
        run_ledger_script(R"(
        wallet                     | accepted |
        grant g1 10                | accepted |
        limit 10                   | accepted |
        authorize h1 10            | accepted | 10/10/10 h1.parts=g1:10
        debit 6                    | accepted | 4/10/4 debt=6
        void h1                    | accepted | 4/0/14 debt=0 g1=4/0
    )"),
        ""
    );
}

TEST(Overdraft, ReleasedAndExpiredHoldsSettleDebt) {
    EXPECT_EQ(
        run_ledger_script(R"(
        wallet                     | accepted |
        grant g1 10                | accepted |
        limit 10                   | accepted |
        authorize h1 5             | accepted |
        authorize h2 5 ttl=5       | accepted |
        debit 6                    | accepted | 4/10/4 debt=6
        capture h1 2               | accepted | 2/5/7  debt=3 g1=5/5
        advance 5                  |          | 2/0/12 debt=0 g1=2/0
    )"),
        ""
    );
}

TEST(Overdraft, AnEndedGrantDoesNotSettleDebt) {
    EXPECT_EQ(
        run_ledger_script(R"(
        wallet                     | accepted |
        grant g1 10 until=5        | accepted |
        limit 10                   | accepted |
        authorize h1 10            | accepted |
        debit 6                    | accepted | 4/10/4 debt=6
        advance 5                  |          | 4/10/4
        void h1                    | accepted | -6/0/4 debt=6 breakage=10
    )"),
        ""
    );
}

TEST(Overdraft, HoldsOfGrantAndCreditAreCapturedInTheirOrder) {
    EXPECT_EQ(
        run_ledger_script(R"(
        wallet                     | accepted |
        grant g1 2                 | accepted |
        limit 5                    | accepted |
        authorize h1 4             | accepted | h1.parts=g1:2,credit:2
        grant g2 9                 | accepted |
        increment h1 3             | accepted | h1.parts=g1:2,credit:2,g2:3 11/7/9
        capture h1 3 partial       | accepted | h1.parts=credit:1,g2:3 debt=1 odheld=1 g2=8/3
        capture h1 1 partial       | accepted | h1.parts=g2:3 debt=0 g2=7/3
        capture h1                 | accepted | 4/0/9
    )"),
        ""
    );
}

TEST(Overdraft, LimitsCanBeRaisedAndLoweredToWhatIsDrawn) {
    EXPECT_EQ(
        run_ledger_script(R"(
        wallet                     | accepted |
        limit 5,TOK:3              | accepted | 0/0/5 TOK=0/0/3
        debit TOK:3                | accepted | TOK=-3/0/0
        limit 0,TOK:2              | overdraft_in_use | TOK.short=1 0/0/5
        limit 0                    | accepted | 0/0/0 TOK=-3/0/0
        limit 7,TOK:9              | accepted | 0/0/7 TOK=-3/0/6
        limit XXX:1                | asset_not_found
        limit 0.001                | invalid_amount | fault=too_many_decimals
    )"),
        ""
    );
}

// What is drawn counts, not what is available: free money beside held credit would otherwise cover
// a limit that the next expiry of a grant takes away again.
TEST(Overdraft, ALimitBelowHeldCreditIsRefusedEvenBesideFreeMoney) {
    EXPECT_EQ(
        run_ledger_script(R"(
        wallet                     | accepted |
        limit 10                   | accepted |
        authorize h1 10            | accepted | h1.parts=credit:10
        grant g1 10 until=5        | accepted | 10/10/10
        limit 9                    | overdraft_in_use | short=1
        advance 5                  |          | 0/10/0 breakage=10
        void h1                    | accepted | 0/0/10
        limit 0                    | accepted | 0/0/0
    )"),
        ""
    );
    EXPECT_EQ(
        run_ledger_script(R"(
        wallet                     | accepted |
        limit 10                   | accepted |
        authorize h1 10            | accepted |
        grant g1 10                | accepted | 10/10/10
        limit 0                    | overdraft_in_use | short=10
        revoke g1                  | accepted | 0/10/0
    )"),
        ""
    );
}

TEST(Overdraft, AWalletBelowItsLimitGoesOnUnderAStricterPolicy) {
    EXPECT_EQ(
        run_ledger_script(R"(
        wallet debt                | accepted |
        grant g1 5                 | accepted |
        grant g2 TOK:5             | accepted |
        authorize h1 5             | accepted |
        authorize h2 TOK:2         | accepted |
        capture h1 9               | accepted | -4/0/-4
        policy cap                 | accepted |
        authorize h3 1             | insufficient_funds | short=5
        debit TOK:1                | accepted | TOK=4/2/2
        capture h2 TOK:3           | accepted | TOK=1/0/1
        limit 3                    | accepted | -4/0/-1
        limit 2                    | overdraft_in_use | short=2
        grant g3 1                 | accepted | -3/0/0
        grant g4 9                 | accepted | 6/0/9 debt=0
        limit 0                    | accepted | 6/0/6
    )"),
        ""
    );
}

TEST(Overdraft, ExpiryOfTheOnlyMoneyBelowTheLimitIsNoDraw) {
    EXPECT_EQ(
        run_ledger_script(R"(
        wallet debt                | accepted |
        grant g1 5 until=9         | accepted |
        authorize h1 2             | accepted |
        authorize h2 3             | accepted |
        capture h1 6               | accepted | -1/3/-4 debt=4
        policy reject              | accepted |
        advance 9                  |          | -1/3/-4
        void h2                    | accepted | -4/0/-4 breakage=3
    )"),
        ""
    );
}

}  // namespace
}  // namespace faregate::ledger
