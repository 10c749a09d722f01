#include "node/ownership.h"

#include <gtest/gtest.h>

namespace faregate::node {
namespace {

JournalId journal_id(std::uint8_t number) {
    JournalId id;
    id.bytes[15] = number;
    return id;
}

FoundJournal journal(std::uint8_t number, std::uint64_t first, std::uint64_t last) {
    return {journal_id(number), Lsn{first}, Lsn{last}};
}

engine::Claim database(std::uint8_t number, std::uint64_t applied) {
    return {journal_id(number), Epoch{3}, Lsn{applied}, ""};
}

Result<OwnershipPlan> plan(
    const std::optional<FoundJournal>& found, const std::optional<engine::Claim>& claim,
    bool new_journal = false
) {
    return plan_ownership(found, claim, new_journal, "/data/journal");
}

TEST(Ownership, ANewDatabaseGetsANewJournal) {
    const auto result = plan({}, {});
    ASSERT_TRUE(result);
    EXPECT_EQ(result->create_from, Lsn{1});
    EXPECT_FALSE(result->replace);
}

TEST(Ownership, AJournalGoesOnWithItsDatabase) {
    const auto result = plan(journal(1, 1, 50), database(1, 20));
    ASSERT_TRUE(result);
    EXPECT_FALSE(result->create_from);
    EXPECT_FALSE(result->replace);
}

TEST(Ownership, AnEmptyJournalMayClaimANewDatabase) {
    const auto result = plan(journal(1, 1, 0), {});
    ASSERT_TRUE(result);
    EXPECT_FALSE(result->create_from);
    EXPECT_FALSE(result->replace);
}

TEST(Ownership, AJournalWithRecordsRefusesANewDatabase) {
    for (const bool new_journal : {false, true}) {
        const auto result = plan(journal(1, 1, 50), {}, new_journal);
        ASSERT_FALSE(result);
        EXPECT_NE(result.error().message.find("the database is new"), std::string::npos);
        EXPECT_NE(result.error().message.find("FAREGATE_DATABASE_URL"), std::string::npos);
    }
}

TEST(Ownership, ADatabaseWhoseJournalIsMissingIsRefused) {
    const auto result = plan({}, database(1, 20));
    ASSERT_FALSE(result);
    EXPECT_NE(result.error().message.find(journal_id(1).text()), std::string::npos);
    EXPECT_NE(result.error().message.find("/data/journal"), std::string::npos);
    EXPECT_NE(result.error().message.find("--new-journal"), std::string::npos);
}

TEST(Ownership, ALossThatIsAcceptedBeginsAfterTheDatabase) {
    const auto result = plan({}, database(1, 20), true);
    ASSERT_TRUE(result);
    EXPECT_EQ(result->create_from, Lsn{21});
    EXPECT_TRUE(result->replace);
}

TEST(Ownership, AnotherLedgersJournalIsRefusedWhateverIsAccepted) {
    for (const bool new_journal : {false, true}) {
        const auto result = plan(journal(1, 1, 50), database(2, 20), new_journal);
        ASSERT_FALSE(result);
        EXPECT_NE(result.error().message.find(journal_id(1).text()), std::string::npos);
        EXPECT_NE(result.error().message.find(journal_id(2).text()), std::string::npos);
    }
}

TEST(Ownership, AnInterruptedReplacementCanBeRepeated) {
    // The new journal was made, and the start ended before it took the database over.
    EXPECT_FALSE(plan(journal(2, 21, 20), database(1, 20)));
    const auto result = plan(journal(2, 21, 20), database(1, 20), true);
    ASSERT_TRUE(result);
    EXPECT_FALSE(result->create_from);
    EXPECT_TRUE(result->replace);
    // One that would begin elsewhere leaves a gap or repeats an LSN.
    EXPECT_FALSE(plan(journal(2, 25, 24), database(1, 20), true));
}

}  // namespace
}  // namespace faregate::node
