#include "faregate/journal/reader.h"

#include "journal_fixture.h"

namespace faregate::journal {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class JournalReaderTest : public JournalFixture {
  protected:
    void write_files() {
        open();
        write(Records(25, std::string(1000, 'x')));
        stop();
        frames_ = data_frames();
    }

    std::vector<FramePlace> frames_;
};

TEST_F(JournalReaderTest, BeginsAnywhere) {
    open();
    for (int i = 0; i < 40; ++i) {
        must(journal->append("record " + std::to_string(i + 1)));
        if (i % 3 == 2) journal->write_once();
    }
    journal->write_once();
    for (std::uint64_t first = 1; first <= 40; ++first) {
        const auto records = must(try_read(Lsn{first}, Lsn{40}));
        ASSERT_EQ(records.size(), 41 - first);
        EXPECT_EQ(records.front(), "record " + std::to_string(first));
    }
    EXPECT_TRUE(must(try_read(Lsn{41}, Lsn{40})).empty());
}

TEST_F(JournalReaderTest, StopsAtTheGivenLsnAndGoesOnLater) {
    open();
    for (const char* record : {"a", "b", "c"}) must(journal->append(record));
    journal->write_once();
    const auto reader = must(JournalReader::open(disk, Lsn{1}));
    EXPECT_FALSE(must(reader->next(Lsn{})).has_value());
    EXPECT_EQ(must(reader->next(Lsn{2}))->bytes, "a");
    EXPECT_EQ(must(reader->next(Lsn{2}))->bytes, "b");
    EXPECT_FALSE(must(reader->next(Lsn{2})).has_value());
    EXPECT_EQ(must(reader->next(Lsn{3}))->bytes, "c");
}

TEST_F(JournalReaderTest, FollowsALiveWriterThroughFiles) {
    open();
    const auto reader = must(JournalReader::open(disk, Lsn{1}));
    for (int i = 0; i < 60; ++i) {
        const std::string record(static_cast<std::size_t>(i) * 40, 'x');
        write({record});
        if (i % 4 != 0) continue;
        std::optional<Record> last;
        while (auto next = must(reader->next(journal->durable_lsn()))) last = next;
        ASSERT_TRUE(last.has_value());
        EXPECT_EQ(last->lsn, journal->durable_lsn());
        EXPECT_EQ(last->bytes, record);
    }
}

// The reader's buffer reaches past what was durable when it was filled.
TEST_F(JournalReaderTest, DoesNotTrustWhatItReadBeforeItWasDurable) {
    open();
    write({"a"});
    const auto reader = must(JournalReader::open(disk, Lsn{1}));
    EXPECT_EQ(must(reader->next(Lsn{1}))->bytes, "a");
    write({"b"});
    EXPECT_EQ(must(reader->next(Lsn{2}))->bytes, "b");
}

TEST_F(JournalReaderTest, SkipsTheEmptyFramesOfRestarts) {
    for (const char* record : {"a", "b", "c"}) {
        open();
        write({record});
        stop();
    }
    EXPECT_THAT(must(try_read(Lsn{1}, Lsn{3})), ElementsAre("a", "b", "c"));
}

TEST_F(JournalReaderTest, DamageInAnEarlierFileIsCorruption) {
    write_files();
    const auto bad = frames_[4];
    disk.flip_bit(bad.file, bad.offset + 700, 2);
    const auto records = try_read(Lsn{1}, Lsn{25});
    ASSERT_FALSE(records);
    EXPECT_TRUE(is_corruption(records.error(), bad.file, bad.offset));
    EXPECT_THAT(records.error().message, HasSubstr("LSN 5 should be here"));
}

TEST_F(JournalReaderTest, ALostFrameIsCorruption) {
    write_files();
    zero(frames_[4]);
    EXPECT_TRUE(is_corruption(try_read(Lsn{1}, Lsn{25}).error(), frames_[4].file, frames_[4].offset)
    );
}

TEST_F(JournalReaderTest, ALostEndOfAFileIsCorruption) {
    write_files();
    std::size_t last_of_first = 0;
    while (frames_[last_of_first + 1].file == frames_[0].file) ++last_of_first;
    zero(frames_[last_of_first]);
    EXPECT_TRUE(is_corruption(
        try_read(Lsn{1}, Lsn{25}).error(), frames_[last_of_first].file,
        frames_[last_of_first].offset
    ));
}

TEST_F(JournalReaderTest, AMissingFileIsCorruption) {
    write_files();
    disk.erase(name_of(3));
    const auto records = try_read(Lsn{1}, Lsn{25});
    ASSERT_FALSE(records);
    EXPECT_EQ(records.error().code, ErrorCode::corruption);
    EXPECT_THAT(records.error().message, HasSubstr("there is no later file"));
}

TEST_F(JournalReaderTest, AnExchangedFileIsCorruption) {
    write_files();
    const auto records = [&] { return try_read(Lsn{1}, Lsn{25}); };
    const auto third = disk.content(name_of(3));
    disk.set_content(name_of(3), disk.content(name_of(4)));
    EXPECT_THAT(records().error().message, HasSubstr("does not follow it"));
    disk.set_content(name_of(3), std::vector<std::byte>(8192));
    EXPECT_THAT(records().error().message, HasSubstr("is not in use"));
    disk.set_content(name_of(3), third);
    EXPECT_EQ(must(records()).size(), 25);
}

TEST_F(JournalReaderTest, RecordsThatWereSaidToBeDurableAndAreNotThereAreCorruption) {
    open();
    write({"a"});
    const auto end = frames().back();
    EXPECT_TRUE(is_corruption(try_read(Lsn{1}, Lsn{2}).error(), end.file, end.offset + end.size));
}

TEST_F(JournalReaderTest, WithoutAJournalThereIsNothingToOpen) {
    EXPECT_EQ(JournalReader::open(disk, Lsn{1}).error().code, ErrorCode::not_found);
}

}  // namespace
}  // namespace faregate::journal
