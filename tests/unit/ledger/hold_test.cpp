#include <gtest/gtest.h>

#include "support/ledger_script.h"

namespace faregate::ledger {
namespace {

using support::run_ledger_script;

TEST(Authorize, HoldsAndIsSpentByCaptureOnly) {
    EXPECT_EQ(
        run_ledger_script(R"(
        wallet                     | accepted |
        grant g1 100               | accepted | 100/0/100  issued=100
        authorize h1 60 ttl=30     | accepted | 100/60/40  moved=60 expires=30 revenue=0
        authorize h2 40            | accepted | 100/100/0  expires=300
        capture h1                 | accepted | 40/40/0    moved=60 revenue=60 h1=60/60/0
        void h2                    | accepted | 40/0/40    released=40 h2=40/0/0
    )"),
        ""
    );
}

TEST(Authorize, DryRunChangesNothing) {
    EXPECT_EQ(
        run_ledger_script(R"(
        wallet                     | accepted |
        grant g1 100,TOK:5         | accepted |
        dry_run 100                | accepted | 100/0/100 moved=0 requested=100
        dry_run 100.01             | insufficient_funds | short=0.01
        dry_run 1,TOK:1            | insufficient_funds | TOK.short=1 short=0
        authorize h1 100           | accepted | 100/100/0
    )"),
        ""
    );
}

TEST(Authorize, SeveralAssetsWholeOrNotAtAll) {
    EXPECT_EQ(
        run_ledger_script(R"(
        wallet                     | accepted |
        grant g1 10                | accepted |
        grant g2 TOK:10            | accepted |
        authorize h1 5,TOK:11      | insufficient_funds | 10/0/10 TOK=10/0/10 short=0 TOK.short=1
        authorize h1 11,TOK:11     | insufficient_funds | short=1 TOK.short=1
        authorize h1 5,TOK:10      | accepted | 10/5/5 TOK=10/10/0
        debit 5,TOK:1              | insufficient_funds | 10/5/5 TOK=10/10/0 TOK.short=1
        increment h1 5,TOK:1       | insufficient_funds | h1=5/0/5 h1.TOK=10/0/10
        increment h1 5             | accepted | h1=10/0/10 h1.TOK=10/0/10
        capture h1 1,TOK:2 partial | accepted | 9/9/0 TOK=8/8/0 h1=10/1/9 h1.TOK=10/2/8
        # What is not named is not captured; final releases it.
        capture h1 TOK:3           | accepted | 9/0/9 TOK=5/0/5 moved=0 released=9 TOK.released=5
    )"),
        ""
    );
}

TEST(Authorize, GpuHoursOfSixDecimalsAreExact) {
    EXPECT_EQ(
        run_ledger_script(R"(
        wallet                     | accepted |
        grant g1 GPU:1             | accepted |
        authorize h1 GPU:0.333333  | accepted | GPU=1/0.333333/0.666667
        authorize h2 GPU:0.333333  | accepted |
        authorize h3 GPU:0.333333  | accepted | GPU=1/0.999999/0.000001
        authorize h4 GPU:0.000002  | insufficient_funds | GPU.short=0.000001
        authorize h4 GPU:0.000001  | accepted | GPU=1/1/0
    )"),
        ""
    );
}

TEST(Capture, OneHoldCanBeCapturedManyTimes) {
    EXPECT_EQ(
        run_ledger_script(R"(
        wallet                     | accepted |
        grant g1 100               | accepted |
        authorize h1 50            | accepted |
        capture h1 10 partial      | accepted | 90/40/50 h1=50/10/40 h1.status=authorized
        capture h1 15 partial      | accepted | 75/25/50 h1=50/25/25
        capture h1 5               | accepted | 70/0/70  h1=50/30/0  h1.status=captured released=20
        capture h1 1               | authorization_state
    )"),
        ""
    );
}

TEST(Capture, WithoutAnAmountTakesAllThatIsHeld) {
    EXPECT_EQ(
        run_ledger_script(R"(
        wallet                     | accepted |
        grant g1 100               | accepted |
        grant g2 TOK:7             | accepted |
        authorize h1 50,TOK:7      | accepted |
        capture h1 10 partial      | accepted |
        capture h1                 | accepted | requested=40 moved=40 TOK.moved=7 50/0/50 TOK=0/0/0
        authorize h2 50            | accepted |
        capture h2 partial         | accepted | 0/0/0 h2.status=authorized h2=50/50/0
        capture h2                 | accepted | moved=0 h2.status=captured
    )"),
        ""
    );
}

TEST(Capture, ZeroIsAnAnswerLikeAnyOther) {
    EXPECT_EQ(
        run_ledger_script(R"(
        wallet                     | accepted |
        grant g1 100               | accepted |
        authorize h1 50            | accepted |
        capture h1 0 partial       | accepted | 100/50/50 h1=50/0/50 h1.status=authorized
        capture h1 0               | accepted | 100/0/100 h1=50/0/0  h1.status=captured released=50
        authorize h2 50 ttl=5      | accepted |
        advance 5                  |          | 100/0/100 h2.status=expired
        capture h2 0               | accepted | 100/0/100 h2.late=yes h2.settled=yes
        capture h2 1               | authorization_state
    )"),
        ""
    );
}

TEST(OverCapture, RejectDeclinesAndChangesNothing) {
    EXPECT_EQ(
        run_ledger_script(R"(
        wallet reject              | accepted |
        grant g1 100               | accepted |
        grant g2 TOK:100           | accepted |
        authorize h1 5,TOK:5       | accepted |
        capture h1 5,TOK:6         | capture_exceeds_hold | TOK.short=1 moved=0 released=0 h1=5/0/5
        capture h1 5.01            | capture_exceeds_hold | h1.TOK=5/0/5 100/5/95 TOK=100/5/95
        capture h1 2 partial       | accepted | 98/3/95
        capture h1 3.01            | capture_exceeds_hold | short=0.01
        capture h1 3,TOK:5         | accepted | 95/0/95 TOK=95/0/95
    )"),
        ""
    );
}

TEST(OverCapture, CapTakesWhatIsThereAndReportsTheShortfall) {
    EXPECT_EQ(
        run_ledger_script(R"(
        wallet cap                 | accepted |
        grant g1 10                | accepted |
        authorize h1 5             | accepted |
        authorize h2 2             | accepted |
        # 5 from the hold, 3 that are free; what h2 holds is not touched.
        capture h1 20              | accepted | requested=20 moved=8 short=12 2/2/0 h1=5/8/0
        capture h2 2               | accepted | 0/0/0
        limit 4                    | accepted | 0/0/4
        authorize h3 1             | accepted |
        capture h3 9               | accepted | moved=4 short=5 -4/0/0 debt=4
    )"),
        ""
    );
}

TEST(OverCapture, DebtTakesAllAndGoesBelowTheLimit) {
    EXPECT_EQ(
        run_ledger_script(R"(
        wallet debt                | accepted |
        grant g1 10                | accepted |
        authorize h1 5             | accepted |
        authorize h2 2             | accepted |
        capture h1 20              | accepted | moved=20 short=0 -10/2/-12 debt=12
        # The hold of another authorization is as good as before.
        capture h2 2               | accepted | -12/0/-12
        authorize h3 0.01          | insufficient_funds | short=12.01
        grant g2 20                | accepted | 8/0/8 debt=0 issued=30
        authorize h3 1             | accepted |
        capture h3 7 partial       | accepted | 1/0/1 h3=1/7/0
        capture h3 2               | accepted | -1/0/-1 h3=1/9/0
    )"),
        ""
    );
}

TEST(OverCapture, ADebtThatNoBalanceCanCarryIsDeclined) {
    EXPECT_EQ(
        run_ledger_script(R"(
        wallet debt                | accepted |
        grant g1 1                 | accepted |
        authorize h1 1             | accepted |
        capture h1 1e28 partial    | accepted |
        capture h1 1e28 partial    | accepted |
        capture h1 1e28 partial    | accepted |
        capture h1 1e28 partial    | accepted |
        capture h1 1e28 partial    | accepted |
        capture h1 1e28 partial    | accepted |
        capture h1 1e28 partial    | accepted |
        capture h1 1e28 partial    | accepted |
        capture h1 1e28 partial    | accepted |
        capture h1 1e28 partial    | accepted | h1=1/100000000000000000000000000000/0
        capture h1 0.01 partial    | balance_too_large
        void h1                    | accepted |
    )"),
        ""
    );
}

TEST(LateCapture, PostsAsALateDebitOnce) {
    EXPECT_EQ(
        run_ledger_script(R"(
        wallet                     | accepted |
        grant g1 10                | accepted |
        authorize h1 6 ttl=5       | accepted |
        capture h1 1 partial       | accepted | 9/5/4
        advance 4                  |          | 9/5/4 h1.status=authorized
        advance 1                  |          | 9/0/9 h1.status=expired h1.late=no
        capture h1                 | accepted | requested=5 moved=5 4/0/4 h1=6/6/0 h1.late=yes
        capture h1 1               | authorization_state | 4/0/4 h1.settled=yes h1.status=expired
    )"),
        ""
    );
}

TEST(LateCapture, MayComeInPartsUntilTheFinalOne) {
    EXPECT_EQ(
        run_ledger_script(R"(
        wallet                     | accepted |
        grant g1 10                | accepted |
        authorize h1 6 ttl=5       | accepted |
        advance 9                  |          | h1.status=expired
        capture h1 1 partial       | accepted | 9/0/9 h1.late=yes h1.settled=no
        capture h1 2 partial       | accepted | 7/0/7 h1=6/3/0
        capture h1                 | accepted | moved=3 4/0/4 h1.settled=yes
        capture h1                 | authorization_state
    )"),
        ""
    );
}

TEST(LateCapture, FollowsTheWalletsPolicy) {
    EXPECT_EQ(
        run_ledger_script(R"(
        wallet reject              | accepted |
        grant g1 10                | accepted |
        authorize h1 6 ttl=1       | accepted |
        authorize h2 4 ttl=1       | accepted |
        advance 1                  |          | 10/0/10
        capture h1 6.01            | capture_exceeds_hold | short=0.01 10/0/10
        debit 5                    | accepted |
        capture h1 6               | insufficient_funds   | short=1 5/0/5 h1.late=no
        capture h1 5               | accepted | 0/0/0 h1.late=yes
        policy cap                 | accepted |
        grant g2 3                 | accepted |
        capture h2                 | accepted | requested=4 moved=3 short=1 0/0/0
    )"),
        ""
    );
    EXPECT_EQ(
        run_ledger_script(R"(
        wallet debt                | accepted |
        grant g1 10                | accepted |
        authorize h1 6 ttl=1       | accepted |
        advance 1                  |          |
        debit 10                   | accepted |
        capture h1 9               | accepted | moved=9 short=0 -9/0/-9 h1=6/9/0
    )"),
        ""
    );
}

TEST(Increment, GrowsAndExtendsAndNeverShortens) {
    EXPECT_EQ(
        run_ledger_script(R"(
        wallet                     | accepted |
        grant g1 10                | accepted |
        authorize h1 2 ttl=100     | accepted | h1.ttl=100
        increment h1 3             | accepted | h1=5/0/5 10/5/5 h1.ttl=100 moved=3
        increment h1 ttl=50        | accepted | h1=5/0/5 h1.ttl=100 expires=100
        increment h1 ttl=200       | accepted | h1=5/0/5 h1.ttl=200
        advance 150                |          | h1.ttl=50 h1.status=authorized
        increment h1 5 ttl=60      | accepted | h1=10/0/10 10/10/0 h1.ttl=60
        advance 59                 |          | h1.status=authorized
        advance 1                  |          | h1.status=expired 10/0/10
    )"),
        ""
    );
}

TEST(Increment, OfAHoldThatWasCapturedToZeroHoldsAgain) {
    EXPECT_EQ(
        run_ledger_script(R"(
        wallet                     | accepted |
        grant g1 4                 | accepted |
        grant g2 6 p=90            | accepted |
        authorize h1 5             | accepted | h1.parts=g1:4,g2:1
        capture h1 partial         | accepted | h1=5/5/0 h1.parts=none
        increment h1 3             | accepted | h1=8/5/3 h1.parts=g2:3
        capture h1                 | accepted | h1=8/8/0 2/0/2
    )"),
        ""
    );
}

TEST(Void, GivesEverythingBack) {
    EXPECT_EQ(
        run_ledger_script(R"(
        wallet                     | accepted |
        grant g1 4                 | accepted |
        limit 6                    | accepted |
        authorize h1 9             | accepted | 4/9/1 h1.parts=g1:4,credit:5 debt=5 odheld=5
        capture h1 1 partial       | accepted | 3/8/1
        void h1                    | accepted | 3/0/9 released=8 h1.status=voided debt=0 odheld=0
    )"),
        ""
    );
}

TEST(Expiry, OfAHoldComesAtItsMomentAndNotBefore) {
    EXPECT_EQ(
        run_ledger_script(R"(
        wallet                     | accepted |
        grant g1 4                 | accepted |
        authorize h1 4 ttl=1       | accepted |
        authorize h2 1             | insufficient_funds
        advance 0                  |          | h1.status=authorized
        advance 1                  |          | h1.status=expired h1.ttl=0 4/0/4
        authorize h2 1             | accepted |
    )"),
        ""
    );
}

}  // namespace
}  // namespace faregate::ledger
