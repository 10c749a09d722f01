#include "faregate/journal/recovery.h"

#include "journal/sha256.h"
#include "journal_fixture.h"

namespace faregate::journal {
namespace {

using support::MemoryDisk;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// A catalogue of what may stand on a disk, and what becomes of it.
class RecoveryTest : public JournalFixture {
  protected:
    /// Three frames with a record of some sectors each, the last of them not sealed by a stop.
    void write_three() {
        open();
        write({std::string(700, 'a'), std::string(1200, 'b'), std::string(1500, 'c')});
        journal.reset();
        disk.kill();
        frames_ = data_frames();
        ASSERT_EQ(frames_.size(), 3);
    }

    /// Opens and expects the first `count` records.
    void expect_records(std::size_t count) {
        open();
        EXPECT_EQ(journal->durable_lsn(), Lsn{count});
        EXPECT_EQ(read().size(), count);
    }

    /// The journal must be able to go on: everything that follows is found again.
    void expect_goes_on() {
        const std::uint64_t before = journal->durable_lsn().value;
        write({"more", "and more"});
        stop();
        open();
        EXPECT_FALSE(torn_tail);
        EXPECT_EQ(read().size(), before + 2);
    }

    bool is_all_zero(const std::string& name, std::uint64_t begin, std::uint64_t end) {
        const auto content = disk.content(name);
        return std::all_of(
            content.begin() + static_cast<std::ptrdiff_t>(begin),
            content.begin() + static_cast<std::ptrdiff_t>(end),
            [](std::byte byte) { return byte == std::byte{}; }
        );
    }

    std::vector<FramePlace> frames_;
};

TEST_F(RecoveryTest, AnEmptyDirectoryHasNoJournal) {
    EXPECT_FALSE(must(scan(disk)).has_value());
    disk.set_content("notes.txt", {});
    EXPECT_FALSE(must(scan(disk)).has_value());
}

TEST_F(RecoveryTest, AJournalWithoutRecordsIsFound) {
    open();
    crash();
    const auto recovery = must(scan(disk));
    EXPECT_EQ(recovery->first_lsn, Lsn{1});
    EXPECT_EQ(recovery->last_lsn, Lsn{});
    expect_records(0);
    expect_goes_on();
}

TEST_F(RecoveryTest, SyncedRecordsSurviveALossOfPower) {
    open();
    write({"a", "b", "c"});
    crash();
    expect_records(3);
    EXPECT_FALSE(torn_tail);
    expect_goes_on();
}

TEST_F(RecoveryTest, AWriteWithoutSyncMayBeLost) {
    open();
    write({"a"});
    must(journal->append("b"));
    disk.set_fault_injector([](const MemoryDisk::Access& access) -> std::optional<Error> {
        if (access.operation == MemoryDisk::Operation::sync) return Error{ErrorCode::io, "EIO"};
        return std::nullopt;
    });
    journal->write_once();
    disk.set_fault_injector(nullptr);
    crash();
    expect_records(1);
    expect_goes_on();
}

// Every combination of sectors of the last write that a loss of power may leave.
TEST_F(RecoveryTest, AWriteTornAtAnySectorIsCutAndZeroed) {
    constexpr unsigned sectors = 4;
    for (unsigned kept = 0; kept < (1U << sectors); ++kept) {
        SCOPED_TRACE(kept);
        disk.copy_from(MemoryDisk());
        open();
        write({"first"});
        disk.set_fault_injector([](const MemoryDisk::Access& access) -> std::optional<Error> {
            if (access.operation == MemoryDisk::Operation::sync) return Error{ErrorCode::io, "EIO"};
            return std::nullopt;
        });
        must(journal->append(std::string(1800, 'x')));
        journal->write_once();
        disk.set_fault_injector(nullptr);
        journal.reset();
        unsigned seen = 0;
        disk.crash([&](const MemoryDisk::UnsyncedSector&) -> std::size_t {
            return (kept >> seen++) & 1U;
        });
        ASSERT_EQ(seen, sectors);

        const bool whole = kept == (1U << sectors) - 1;
        open();
        EXPECT_EQ(torn_tail, kept != 0 && !whole);
        EXPECT_EQ(journal->durable_lsn(), Lsn{whole ? 2U : 1U});
        if (!whole) {
            // After the frames stands the one that opening wrote, and nothing else.
            EXPECT_TRUE(is_all_zero(name_of(1), 512 + 512 + 512, options.file_size));
        }
        expect_goes_on();
    }
}

// What a killed process wrote stands in the page cache. It is served after recovery, so it must
// survive a loss of power right after that; also if its sync had failed, after which the kernel
// takes the pages for clean and syncs them no more.
TEST_F(RecoveryTest, WhatAKilledProcessWroteIsMadeDurableBeforeItIsServed) {
    open();
    write(Records(5, std::string(1000, 'x')));
    for (const std::size_t size : {std::size_t{10}, std::size_t{3000}}) {
        SCOPED_TRACE(size);
        must(journal->append(std::string(size, 'y')));
        disk.set_fault_injector([](const MemoryDisk::Access& access) -> std::optional<Error> {
            if (access.operation != MemoryDisk::Operation::sync) return std::nullopt;
            return Error{ErrorCode::io, "cannot sync"};
        });
        journal->write_once();
        disk.set_fault_injector(nullptr);
        journal.reset();
        disk.kill();
        open();
        const auto found = journal->durable_lsn();
        crash();
        expect_records(found.value);
        must(journal->prepare_once());
    }
}

TEST_F(RecoveryTest, ALastFrameThatLacksASectorIsATornTail) {
    write_three();
    zero_sector(frames_[2], 1);
    open();
    EXPECT_TRUE(torn_tail);
    EXPECT_EQ(journal->durable_lsn(), Lsn{2});
    EXPECT_TRUE(is_all_zero(frames_[2].file, frames_[2].offset + 512, options.file_size));
    expect_goes_on();
}

// Its sync may have come back, and somebody may have been told.
TEST_F(RecoveryTest, ALastFrameThatWasWrittenWholeAndIsBadIsCorruption) {
    write_three();
    for (const std::uint64_t offset : {0U, 5U, 95U, 96U, 511U, 512U, 600U}) {
        SCOPED_TRACE(offset);
        disk.flip_bit(frames_[2].file, frames_[2].offset + offset, 3);
        const auto found = scan(disk);
        ASSERT_FALSE(found);
        EXPECT_TRUE(is_corruption(found.error(), frames_[2].file, frames_[2].offset));
        disk.flip_bit(frames_[2].file, frames_[2].offset + offset, 3);
    }
    EXPECT_TRUE(scan(disk));
}

TEST_F(RecoveryTest, ATornLastFrameThatPostgresHasIsCorruption) {
    write_three();
    zero_sector(frames_[2], 1);
    const auto opened = try_open(Lsn{3});
    ASSERT_FALSE(opened);
    EXPECT_TRUE(is_corruption(opened.error(), frames_[2].file, frames_[2].offset));
    EXPECT_THAT(opened.error().message, HasSubstr("PostgreSQL has records up to LSN 3"));
}

TEST_F(RecoveryTest, ALostLastFrameThatPostgresHasIsCorruption) {
    write_three();
    zero(frames_[2]);
    EXPECT_TRUE(is_corruption(try_open(Lsn{3}).error(), frames_[2].file, frames_[2].offset));
    EXPECT_TRUE(try_open(Lsn{2}));
}

TEST_F(RecoveryTest, ABadFrameBeforeAGoodOneIsCorruption) {
    write_three();
    for (const std::uint64_t at : {0U, 33U, 100U, 1300U}) {
        disk.flip_bit(frames_[1].file, frames_[1].offset + at, 1);
        const auto found = scan(disk);
        ASSERT_FALSE(found) << at;
        EXPECT_TRUE(is_corruption(found.error(), frames_[1].file, frames_[1].offset));
        EXPECT_THAT(found.error().message, HasSubstr("LSN 2 cannot be read"));
        EXPECT_THAT(found.error().message, HasSubstr("LSN 2 was durable"))
            << "the later frame's durable LSN";
        EXPECT_THAT(found.error().message, HasSubstr("faregate journal inspect"));
        disk.flip_bit(frames_[1].file, frames_[1].offset + at, 1);
    }
    expect_records(3);
}

TEST_F(RecoveryTest, ALostFrameBeforeAGoodOneIsCorruption) {
    write_three();
    zero(frames_[1]);
    EXPECT_TRUE(is_corruption(scan(disk).error(), frames_[1].file, frames_[1].offset));
}

TEST_F(RecoveryTest, ABadFrameBeforeATornOneIsCorruption) {
    write_three();
    disk.flip_bit(frames_[1].file, frames_[1].offset + 100, 1);
    disk.flip_bit(frames_[2].file, frames_[2].offset + 100, 1);
    EXPECT_TRUE(is_corruption(scan(disk).error(), frames_[1].file, frames_[1].offset));
}

TEST_F(RecoveryTest, AfterAStopEvenTheLastRecordIsProtected) {
    open();
    write({"a", "b"});
    stop();
    const auto last = data_frames().back();
    disk.flip_bit(last.file, last.offset + 100, 0);
    EXPECT_TRUE(is_corruption(scan(disk).error(), last.file, last.offset));
}

TEST_F(RecoveryTest, AfterARestartEvenTheLastRecordIsProtected) {
    open();
    write({"a", "b"});
    crash();
    open();
    crash();
    const auto last = data_frames().back();
    disk.flip_bit(last.file, last.offset + 100, 0);
    EXPECT_TRUE(is_corruption(scan(disk).error(), last.file, last.offset));
}

TEST_F(RecoveryTest, AFrameOfAnotherJournalInTheTailIsCorruption) {
    write_three();
    MemoryDisk other;
    auto foreign =
        must(Journal::create(other, must(other.lock()), {JournalId{{9}}, {}, Lsn{1}}, options));
    must(foreign->append(std::string(700, 'z')));
    foreign->stop();
    const auto content = other.content(name_of(1));
    std::string stale;
    for (std::size_t i = 512; i < 2048; ++i) stale += static_cast<char>(content[i]);
    const std::uint64_t end = frames_[2].offset + frames_[2].size;
    overwrite(name_of(1), end, stale);
    const auto found = scan(disk);
    ASSERT_FALSE(found);
    EXPECT_TRUE(is_corruption(found.error(), name_of(1), end));
    EXPECT_THAT(found.error().message, HasSubstr("another journal"));
}

TEST_F(RecoveryTest, AFrameWithTheWrongHashOfThePreviousOneIsCorruption) {
    write_three();
    // A whole frame with good checksums is put in the place of the second.
    MemoryDisk other;
    auto forged = must(Journal::create(other, must(other.lock()), start, options));
    for (const std::size_t size : {700U, 1200U}) {
        must(forged->append(std::string(size, 'F')));
        forged->write_once();
    }
    const auto content = other.content(name_of(1));
    std::string frame;
    for (std::uint64_t i = 0; i < frames_[1].size; ++i) {
        frame += static_cast<char>(content[static_cast<std::size_t>(frames_[1].offset + i)]);
    }
    overwrite(name_of(1), frames_[1].offset, frame);
    const auto found = scan(disk);
    ASSERT_FALSE(found);
    EXPECT_TRUE(is_corruption(found.error(), name_of(1), frames_[1].offset));
    EXPECT_THAT(found.error().message, HasSubstr("hash of the previous frame"));
}

// The last frame alone could be a torn write, but not with a whole header that contradicts.
TEST_F(RecoveryTest, ALastFrameThatContradictsTheChainIsCorruption) {
    write_three();
    const auto content = disk.content(name_of(1));
    std::string copy;
    for (std::uint64_t i = 0; i < frames_[1].size; ++i) {
        copy += static_cast<char>(content[static_cast<std::size_t>(frames_[1].offset + i)]);
    }
    overwrite(name_of(1), frames_[2].offset, copy);
    const auto found = scan(disk);
    ASSERT_FALSE(found);
    EXPECT_TRUE(is_corruption(found.error(), name_of(1), frames_[2].offset));
    EXPECT_THAT(found.error().message, HasSubstr("LSN 3 should come next"));
}

TEST_F(RecoveryTest, ARecordThatLooksLikeAFrameIsNotTakenForOne) {
    write_three();
    const auto content = disk.content(name_of(1));
    std::string frame;
    for (std::uint64_t i = 0; i < frames_[0].size; ++i) {
        frame += static_cast<char>(content[static_cast<std::size_t>(frames_[0].offset + i)]);
    }
    // So placed that the frame inside the record begins on a sector.
    const std::string record = std::string(512 - 96 - 4, 'x') + frame;
    open();
    write({record});
    journal.reset();
    disk.kill();
    const auto last = data_frames().back();
    zero_sector(last, last.size / sector_size - 1);
    open();
    EXPECT_TRUE(torn_tail);
    EXPECT_EQ(journal->durable_lsn(), Lsn{3});
}

class RecoveryOfFiles : public RecoveryTest {
  protected:
    void write_files() {
        open();
        write(Records(25, std::string(1000, 'x')));
        must(journal->prepare_once());
        stop();
        last_ = must(scan(disk))->files.back().sequence;
        ASSERT_GE(last_, 4);
    }

    std::uint64_t last_ = 0;  ///< the file in use; the next one is prepared
};

TEST_F(RecoveryOfFiles, AMissingFileInTheMiddleIsCorruption) {
    write_files();
    disk.erase(name_of(2));
    const auto found = scan(disk);
    ASSERT_FALSE(found);
    EXPECT_TRUE(is_corruption(found.error(), name_of(2), 0));
    EXPECT_THAT(found.error().message, HasSubstr("missing"));
}

TEST_F(RecoveryOfFiles, AMissingLastFileIsCorruption) {
    write_files();
    disk.erase(name_of(last_));
    EXPECT_TRUE(is_corruption(scan(disk).error(), name_of(last_), 0));
}

TEST_F(RecoveryOfFiles, MissingOldFilesAreCorruptionIfPostgresNeedsThem) {
    write_files();
    disk.erase(name_of(1));
    const Error refused = try_open(Lsn{2}).error();
    EXPECT_EQ(refused.code, ErrorCode::corruption);
    EXPECT_THAT(refused.message, HasSubstr("begins with LSN 6, but PostgreSQL has records only"));
    EXPECT_THAT(refused.message, HasSubstr("the journal files before " + name_of(2)));
    EXPECT_TRUE(try_open(Lsn{25}));
}

TEST_F(RecoveryOfFiles, ATruncatedFileIsCorruption) {
    write_files();
    for (const std::uint64_t sequence : {std::uint64_t{2}, last_, last_ + 1}) {
        const auto content = disk.content(name_of(sequence));
        for (const std::size_t size : {0U, 100U, 512U, 1024U, 3000U, 7680U, 8191U}) {
            disk.set_content(
                name_of(sequence), {content.begin(), content.begin() + std::ptrdiff_t(size)}
            );
            const auto found = scan(disk);
            ASSERT_FALSE(found) << sequence << " " << size;
            EXPECT_EQ(found.error().code, ErrorCode::corruption);
            EXPECT_THAT(found.error().message, HasSubstr(name_of(sequence)));
        }
        disk.set_content(name_of(sequence), content);
    }
    expect_records(25);
}

TEST_F(RecoveryOfFiles, ABadHeaderBeforeAUsedFileIsCorruption) {
    write_files();
    disk.flip_bit(name_of(2), 100, 0);
    EXPECT_TRUE(is_corruption(scan(disk).error(), name_of(2), 0));
}

TEST_F(RecoveryOfFiles, ABadFirstHeaderIsCorruption) {
    write_files();
    disk.flip_bit(name_of(1), 100, 0);
    EXPECT_TRUE(is_corruption(scan(disk).error(), name_of(1), 0));
}

TEST_F(RecoveryOfFiles, ABadHeaderBeforeGoodFramesIsCorruption) {
    write_files();
    disk.flip_bit(name_of(last_), 100, 0);
    EXPECT_TRUE(is_corruption(scan(disk).error(), name_of(last_), 0));
}

TEST_F(RecoveryOfFiles, FilesThatChangedPlacesAreCorruption) {
    write_files();
    const auto second = disk.content(name_of(2));
    disk.set_content(name_of(2), disk.content(name_of(3)));
    disk.set_content(name_of(3), second);
    EXPECT_TRUE(is_corruption(scan(disk).error(), name_of(2), 0));
}

TEST_F(RecoveryOfFiles, AFileOfAnotherJournalIsCorruption) {
    write_files();
    auto content = disk.content(name_of(2));
    auto header = *decode_file_header(content);
    header.journal = JournalId{{9}};
    encode(header, std::span(content).first<sector_size>());
    disk.set_content(name_of(2), content);
    EXPECT_TRUE(is_corruption(scan(disk).error(), name_of(2), 0));
}

TEST_F(RecoveryOfFiles, ATornHeaderOfTheNextFileIsMended) {
    write_files();
    // The crash came while the writer took the prepared file into use.
    overwrite(name_of(last_ + 1), 0, std::string(300, '\xff'));
    open();
    EXPECT_TRUE(torn_tail);
    EXPECT_EQ(read().size(), 25);
    write(Records(10, std::string(1000, 'x')));
    EXPECT_EQ(read().size(), 35);
    expect_goes_on();
}

TEST_F(RecoveryOfFiles, AHeaderWithoutFramesIsWhereTheJournalGoesOn) {
    open();
    write(Records(5, std::string(1000, 'x')));
    ASSERT_EQ(journal->stats().file_count, 1);
    must(journal->append(std::string(3000, 'y')));
    int writes = 0;
    disk.set_fault_injector([&](const MemoryDisk::Access& access) -> std::optional<Error> {
        const bool second = access.operation == MemoryDisk::Operation::write && ++writes == 2;
        if (second) return Error{ErrorCode::io, "EIO"};
        return std::nullopt;
    });
    journal->write_once();
    ASSERT_EQ(fatal.size(), 1);
    disk.set_fault_injector(nullptr);
    crash();
    expect_records(5);
    EXPECT_EQ(journal->stats().file_count, 2);
    expect_goes_on();
}

// The epoch of a journal was taken from its last file alone. After a crash between the header of a
// file and its first frame nothing was known of it, and a server whose database had fallen back
// could go on with a lower one: the reader then called the journal damaged.
TEST_F(RecoveryOfFiles, TheEpochIsKnownWhenTheNewestFileHasNoFrame) {
    open();
    write(Records(5, std::string(1000, 'x')));
    must(journal->append(std::string(3000, 'y')));
    journal->write_once();
    journal.reset();
    disk.kill();
    const FramePlace last = frames().back();
    ASSERT_EQ(last.file, name_of(2));
    zero(last);
    const auto found = must(scan(disk));
    EXPECT_EQ(found->last_lsn, Lsn{5});
    EXPECT_EQ(found->epoch, start.epoch);
    start.epoch.value -= 1;
    EXPECT_EQ(try_open().error().code, ErrorCode::fenced);
}

TEST_F(RecoveryOfFiles, LeftoversOfAPreparationAreRemoved) {
    open();
    write({"a"});
    stop();
    disk.set_content(name_of(2) + ".tmp", std::vector<std::byte>(100));
    disk.set_content("notes.tmp", {});
    open();
    EXPECT_THAT(disk.names(), ElementsAre(name_of(1), name_of(2), "notes.tmp"));
    expect_goes_on();
}

}  // namespace
}  // namespace faregate::journal
