#include <gtest/gtest.h>

#include "support/ledger_script.h"

namespace faregate::ledger {
namespace {

using support::run_ledger_script;

TEST(BurnOrder, LowPriorityFirst) {
    EXPECT_EQ(
        run_ledger_script(R"(
        wallet                                  | accepted
        grant g1 10 p=50 promotional until=10   | accepted
        grant g2 10 p=100 promotional until=5   | accepted
        grant g3 10 p=0                         | accepted
        grant g4 10 p=49                        | accepted
        debit 5                                 | accepted | g3=5/0
        debit 10                                | accepted | g3=gone g4=5/0
        debit 10                                | accepted | g4=gone g1=5/0 g2=10/0
        debit 15                                | accepted | g1=gone g2=gone 0/0/0
    )"),
        ""
    );
}

TEST(BurnOrder, ThenTheEarliestExpiryAndNeverLast) {
    EXPECT_EQ(
        run_ledger_script(R"(
        wallet                                  | accepted
        grant g1 10 promotional                 | accepted
        grant g2 10 until=100                   | accepted
        grant g3 10 until=99                    | accepted
        debit 25                                | accepted | g3=gone g2=gone g1=5/0 5/0/5
    )"),
        ""
    );
    EXPECT_EQ(
        run_ledger_script(R"(
        wallet                                  | accepted
        grant g1 10 promotional                 | accepted
        grant g2 10 until=100                   | accepted
        grant g3 10 until=99                    | accepted
        debit 15                                | accepted | g3=gone g2=5/0 g1=10/0
    )"),
        ""
    );
}

TEST(BurnOrder, ThenPromotionalAndRecurringBeforePaid) {
    EXPECT_EQ(
        run_ledger_script(R"(
        wallet                                  | accepted
        grant g1 10 until=100                   | accepted
        grant g2 10 until=100 recurring         | accepted
        grant g3 10 until=100 promotional       | accepted
        # Promotional and recurring are equals: the older is first.
        debit 5                                 | accepted | g2=5/0 g3=10/0 g1=10/0
        debit 10                                | accepted | g2=gone g3=5/0 g1=10/0
        debit 10                                | accepted | g3=gone g1=5/0
    )"),
        ""
    );
}

TEST(BurnOrder, ThenTheEarliestEffective) {
    EXPECT_EQ(
        run_ledger_script(R"(
        wallet                                  | accepted
        grant g1 10                             | accepted
        grant g2 10 from=-60                    | accepted
        grant g3 10 from=-30                    | accepted
        debit 5                                 | accepted | g2=5/0
        debit 10                                | accepted | g2=gone g3=5/0
        debit 10                                | accepted | g3=gone g1=5/0
    )"),
        ""
    );
}

TEST(BurnOrder, ThenTheOldest) {
    EXPECT_EQ(
        run_ledger_script(R"(
        wallet                                  | accepted
        grant g1 10 until=9                     | accepted
        grant g2 10 until=9                     | accepted
        grant g3 10 until=9                     | accepted
        debit 15                                | accepted | g1=gone g2=5/0 g3=10/0
    )"),
        ""
    );
}

TEST(BurnOrder, IsByAssetAlone) {
    EXPECT_EQ(
        run_ledger_script(R"(
        wallet                                  | accepted
        grant g1 TOK:10 p=0                     | accepted
        grant g2 10 p=9                         | accepted
        grant g3 GPU:10 p=1                     | accepted
        debit 3,GPU:1.5                         | accepted | g1=10/0 g2=7/0 g3=8.5/0
        debit GPU:8.500001                      | insufficient_funds | GPU.short=0.000001
    )"),
        ""
    );
}

TEST(BurnOrder, HoldsPinInBurnOrderAndAreCapturedInIt) {
    EXPECT_EQ(
        run_ledger_script(R"(
        wallet                                  | accepted
        grant g1 10                             | accepted
        grant g2 10 promotional                 | accepted
        grant g3 10 p=0                         | accepted
        authorize h1 25                         | accepted | 30/25/5 h1.parts=g3:10,g2:10,g1:5
        capture h1 15 partial                   | accepted | 15/10/5 h1.parts=g2:5,g1:5 g3=gone
        capture h1 6                            | accepted | 9/0/9   g2=gone g1=9/0 released=4
    )"),
        ""
    );
}

TEST(BurnOrder, WhatAHoldPinsIsNotSpentByOthers) {
    EXPECT_EQ(
        run_ledger_script(R"(
        wallet                                  | accepted
        grant g1 10                             | accepted
        authorize h1 6                          | accepted | h1.parts=g1:6
        grant g2 10 p=0                         | accepted
        # g2 burns first now, and of g1 only the free part is there for others.
        debit 12                                | accepted | g2=gone g1=8/6 8/6/2
        debit 2.01                              | insufficient_funds
        debit 2                                 | accepted | g1=6/6 6/6/0
        void h1                                 | accepted | g1=6/0 6/0/6
    )"),
        ""
    );
}

TEST(BurnOrder, AGrantThatArrivesLaterDoesNotChangeAHold) {
    EXPECT_EQ(
        run_ledger_script(R"(
        wallet                                  | accepted
        grant g1 10                             | accepted
        authorize h1 5                          | accepted | h1.parts=g1:5
        grant g2 10 p=0                         | accepted
        increment h1 12                         | accepted | h1.parts=g1:7,g2:10
        # The order of capture is the order of reservation.
        capture h1 8 partial                    | accepted | h1.parts=g2:9 g1=3/0
        increment h1 3                          | accepted | h1.parts=g1:3,g2:9
        capture h1                              | accepted | 0/0/0 revenue=20
    )"),
        ""
    );
}

}  // namespace
}  // namespace faregate::ledger
