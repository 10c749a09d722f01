#include "faregate/node/lease.h"

#include <gtest/gtest.h>

#include "support/manual_clock.h"

namespace faregate::node {
namespace {

constexpr Duration tick{1};

class LeaseTest : public ::testing::Test {
  protected:
    LeaseTest() { lease_.confirmed(lease_.begin_question()); }

    void stop_for(Duration time) { clock_.advance(time); }
    void run_for(Duration time) {
        for (Duration passed; passed < time; passed = passed + Lease::beat_interval) {
            clock_.advance(Lease::beat_interval);
            lease_.beat();
        }
    }

    support::ManualMonotonicClock clock_;
    Lease lease_{clock_};
};

// The claim was minutes ago when a large state had been loaded, and another server may have claimed
// since.
TEST_F(LeaseTest, BeginsInDoubt) {
    Lease fresh{clock_};
    EXPECT_FALSE(fresh.held());
    EXPECT_TRUE(fresh.in_doubt());
    fresh.beat();
    EXPECT_FALSE(fresh.held());
    fresh.confirmed(fresh.begin_question());
    EXPECT_TRUE(fresh.held());
}

TEST_F(LeaseTest, IsHeldAsLongAsTheProcessRunsWithoutAskingAnybody) {
    run_for(Duration::seconds(60));
    EXPECT_TRUE(lease_.held());
    EXPECT_FALSE(lease_.in_doubt());
}

TEST_F(LeaseTest, ShortPausesDoNoHarm) {
    for (int i = 0; i < 10; ++i) {
        stop_for(Lease::pause_max);
        EXPECT_TRUE(lease_.held());
        lease_.beat();
        EXPECT_TRUE(lease_.held());
        EXPECT_FALSE(lease_.in_doubt());
    }
}

TEST_F(LeaseTest, IsLostInTheMomentOfWakingUpBeforeAnythingBeats) {
    stop_for(Lease::pause_max + tick);
    EXPECT_FALSE(lease_.held());
    EXPECT_TRUE(lease_.in_doubt());
}

TEST_F(LeaseTest, BeatsAloneDoNotBringItBack) {
    stop_for(Lease::pause_max + tick);
    run_for(Duration::seconds(60));
    EXPECT_FALSE(lease_.held());
    EXPECT_TRUE(lease_.in_doubt());
}

TEST_F(LeaseTest, TheAnswerToAQuestionFromAfterThePauseBringsItBack) {
    stop_for(Lease::pause_max + tick);
    lease_.beat();
    const Duration question = lease_.begin_question();
    EXPECT_FALSE(lease_.held());
    lease_.confirmed(question);
    EXPECT_TRUE(lease_.held());
    EXPECT_FALSE(lease_.in_doubt());
}

TEST_F(LeaseTest, TheAnswerToAQuestionFromBeforeThePauseProvesNothing) {
    const Duration question = lease_.begin_question();
    stop_for(Lease::pause_max + tick);
    lease_.confirmed(question);
    EXPECT_FALSE(lease_.held());
    lease_.beat();
    lease_.confirmed(question);
    EXPECT_FALSE(lease_.held());
    EXPECT_TRUE(lease_.in_doubt());
}

TEST_F(LeaseTest, ASecondPauseBeforeTheAnswerArrivesIsNotOverlooked) {
    stop_for(Lease::pause_max + tick);
    lease_.beat();
    const Duration question = lease_.begin_question();
    stop_for(Lease::pause_max + tick);
    lease_.confirmed(question);
    EXPECT_FALSE(lease_.held());
    lease_.beat();
    EXPECT_FALSE(lease_.held());
    EXPECT_TRUE(lease_.in_doubt());
    lease_.confirmed(lease_.begin_question());
    EXPECT_TRUE(lease_.held());
}

// A predecessor that was stopped just before it would have asked, and woke up just in time.
TEST_F(LeaseTest, TheHandoverIsLongerThanAPredecessorMayGoOnBelieving) {
    EXPECT_GT(Lease::handover, Lease::pause_max + Lease::watch_interval + Lease::beat_interval);
}

}  // namespace
}  // namespace faregate::node
