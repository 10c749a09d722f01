#include <gtest/gtest.h>

#include "support/ledger_script.h"

namespace faregate::ledger {
namespace {

using support::run_ledger_script;

// balance_max is 10^31 units: of TOK, which has no decimals, ten times what one request may be.

TEST(Bounds, AnIncrementKeepsTheTotalOfAnAuthorizationWithinABalance) {
    EXPECT_EQ(
        run_ledger_script(R"(
        wallet cap                 | accepted
        grant g1 TOK:1e30          | accepted
        authorize h1 TOK:1e30      | accepted
        capture h1 TOK:1e30 partial | accepted
        # What was captured left the account, so each turn there is room for the next.
        grant g2 TOK:1e30          | accepted
        increment h1 TOK:1e30      | accepted
        capture h1 TOK:1e30 partial | accepted
        grant g3 TOK:1e30          | accepted
        increment h1 TOK:1e30      | accepted
        capture h1 TOK:1e30 partial | accepted
        grant g4 TOK:1e30          | accepted
        increment h1 TOK:1e30      | accepted
        capture h1 TOK:1e30 partial | accepted
        grant g5 TOK:1e30          | accepted
        increment h1 TOK:1e30      | accepted
        capture h1 TOK:1e30 partial | accepted
        grant g6 TOK:1e30          | accepted
        increment h1 TOK:1e30      | accepted
        capture h1 TOK:1e30 partial | accepted
        grant g7 TOK:1e30          | accepted
        increment h1 TOK:1e30      | accepted
        capture h1 TOK:1e30 partial | accepted
        grant g8 TOK:1e30          | accepted
        increment h1 TOK:1e30      | accepted
        capture h1 TOK:1e30 partial | accepted
        grant g9 TOK:1e30          | accepted
        increment h1 TOK:1e30      | accepted
        capture h1 TOK:1e30 partial | accepted
        grant g10 TOK:1e30         | accepted
        increment h1 TOK:1e30      | accepted
        increment h1 TOK:1         | balance_too_large
        # And that stands before the state of the hold.
        void h1                    | accepted
        increment h1 TOK:1         | balance_too_large
        increment h1 ttl=900       | authorization_state
    )"),
        ""
    );
}

TEST(Bounds, TheDebtOfACaptureStaysWithinABalance) {
    EXPECT_EQ(
        run_ledger_script(R"(
        wallet debt                | accepted
        grant g1 TOK:11            | accepted
        authorize h1 TOK:1         | accepted
        authorize h2 TOK:1         | accepted
        authorize h3 TOK:1         | accepted
        authorize h4 TOK:1         | accepted
        authorize h5 TOK:1         | accepted
        authorize h6 TOK:1         | accepted
        authorize h7 TOK:1         | accepted
        authorize h8 TOK:1         | accepted
        authorize h9 TOK:1         | accepted
        authorize h10 TOK:1        | accepted
        authorize h11 TOK:1        | accepted
        capture h1 TOK:1e30        | accepted
        capture h2 TOK:1e30        | accepted
        capture h3 TOK:1e30        | accepted
        capture h4 TOK:1e30        | accepted
        capture h5 TOK:1e30        | accepted
        capture h6 TOK:1e30        | accepted
        capture h7 TOK:1e30        | accepted
        capture h8 TOK:1e30        | accepted
        capture h9 TOK:1e30        | accepted
        capture h10 TOK:1e30       | accepted
        # Ten units more would fit: one of each hold was held and is no debt.
        capture h11 TOK:12         | balance_too_large    | h11.TOK=1/0/1
        capture h11 TOK:11         | accepted | TOK.debt=10000000000000000000000000000000
    )"),
        ""
    );
}

TEST(Bounds, TheTotalOfPartialCapturesStaysWithinABalance) {
    EXPECT_EQ(
        run_ledger_script(R"(
        wallet debt                | accepted
        grant g1 TOK:1             | accepted
        authorize h1 TOK:1         | accepted
        capture h1 TOK:1e30 partial | accepted
        grant g2 TOK:1e30          | accepted
        capture h1 TOK:1e30 partial | accepted
        capture h1 TOK:1e30 partial | accepted
        capture h1 TOK:1e30 partial | accepted
        capture h1 TOK:1e30 partial | accepted
        capture h1 TOK:1e30 partial | accepted
        capture h1 TOK:1e30 partial | accepted
        capture h1 TOK:1e30 partial | accepted
        capture h1 TOK:1e30 partial | accepted
        grant g3 TOK:1e30          | accepted
        capture h1 TOK:1e30 partial | accepted | h1.TOK=1/10000000000000000000000000000000/0
        capture h1 TOK:1           | balance_too_large    | h1.status=authorized
        capture h1                 | accepted
    )"),
        ""
    );
}

}  // namespace
}  // namespace faregate::ledger
