#include "node/journal_log.h"

#include <gtest/gtest.h>

#include "support/memory_disk.h"

namespace faregate::node {
namespace {

TEST(JournalLog, RefusesWhileTheDatabaseLacksTooMuch) {
    support::MemoryDisk disk;
    journal::JournalOptions options;
    options.file_size = 65'536;
    options.frame_size_max = 8'192;
    options.record_size_max = 4'096;
    options.queue_size_max = 65'536;
    auto journal = journal::Journal::create(disk, *disk.lock(), {}, options);
    ASSERT_TRUE(journal) << journal.error().message;
    engine::Watermark applied;
    JournalLog log(**journal, applied, 2);

    for (int i = 0; i < 3; ++i) ASSERT_TRUE(log.append("record"));
    // Only what is durable counts: it is what the projector could have moved.
    EXPECT_EQ(log.backlog(), 0U);
    (*journal)->write_once();
    EXPECT_EQ(log.backlog(), 3U);
    const auto refused = log.append("record");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::unavailable);
    EXPECT_EQ((*journal)->last_lsn(), Lsn{3});

    applied.publish(Lsn{1});
    EXPECT_EQ(log.append("record"), Lsn{4});
}

}  // namespace
}  // namespace faregate::node
