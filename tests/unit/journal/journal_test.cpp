#include "faregate/journal/journal.h"

#include "journal_fixture.h"

namespace faregate::journal {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

using JournalTest = JournalFixture;

TEST_F(JournalTest, RecordsAreReadBackInOrder) {
    open();
    write({"one", "", "three"});
    EXPECT_THAT(read(), ElementsAre("one", "", "three"));
    EXPECT_THAT(durable, ElementsAre(1, 2, 3));
    EXPECT_EQ(journal->last_lsn(), Lsn{3});
}

TEST_F(JournalTest, WhatIsQueuedBecomesOneFrameAndOneSync) {
    open();
    for (int i = 0; i < 64; ++i) must(journal->append("record"));
    EXPECT_EQ(journal->durable_lsn(), Lsn{});
    EXPECT_TRUE(journal->write_once());
    EXPECT_FALSE(journal->write_once());
    EXPECT_THAT(durable, ElementsAre(64));
    EXPECT_EQ(frames().size(), 1);
    EXPECT_EQ(frames()[0].count, 64);
    EXPECT_EQ(journal->stats().sync_count, 1);
    EXPECT_EQ(read().size(), 64);
}

TEST_F(JournalTest, NothingIsDurableBeforeTheSync) {
    open();
    must(journal->append("record"));
    bool synced = false;
    disk.set_fault_injector([&](const support::MemoryDisk::Access& access) -> std::optional<Error> {
        EXPECT_EQ(journal->durable_lsn(), Lsn{});
        EXPECT_TRUE(durable.empty());
        synced = synced || access.operation == support::MemoryDisk::Operation::sync;
        return std::nullopt;
    });
    journal->write_once();
    EXPECT_TRUE(synced);
    EXPECT_EQ(journal->durable_lsn(), Lsn{1});
}

TEST_F(JournalTest, GoesOnAfterAStop) {
    open();
    write({"a", "b"});
    stop();
    open();
    EXPECT_EQ(journal->durable_lsn(), Lsn{2});
    write({"c"});
    stop();
    open();
    EXPECT_FALSE(torn_tail);
    EXPECT_THAT(read(), ElementsAre("a", "b", "c"));
}

TEST_F(JournalTest, StopWritesWhatIsQueued) {
    open();
    must(journal->append("a"));
    journal->stop();
    EXPECT_EQ(journal->durable_lsn(), Lsn{1});
    EXPECT_EQ(journal->append("b").error().code, ErrorCode::unavailable);
    journal.reset();
    open();
    EXPECT_THAT(read(), ElementsAre("a"));
}

TEST_F(JournalTest, DestroyedWithoutStopItLosesWhatIsQueued) {
    open();
    must(journal->append("a"));
    journal.reset();
    open();
    EXPECT_TRUE(read().empty());
}

TEST_F(JournalTest, MayBeginAfterTheRecordsOfAnEarlierJournal) {
    start.first_lsn = Lsn{1001};
    open();
    EXPECT_EQ(journal->durable_lsn(), Lsn{1000});
    write({"x"});
    EXPECT_EQ(journal->durable_lsn(), Lsn{1001});
    stop();
    const auto recovery = must(scan(disk));
    EXPECT_EQ(recovery->first_lsn, Lsn{1001});
    EXPECT_EQ(recovery->last_lsn, Lsn{1001});
    EXPECT_EQ(recovery->journal, start.id);
    EXPECT_EQ(recovery->epoch, start.epoch);
    EXPECT_EQ(try_read(Lsn{1000}, Lsn{1001}).error().code, ErrorCode::not_found);
    EXPECT_THAT(must(try_read(Lsn{1001}, Lsn{1001})), ElementsAre("x"));
}

TEST_F(JournalTest, RotatesThroughFiles) {
    open();
    Records records;
    for (int i = 0; i < 50; ++i)
        records.push_back(std::string(1000, static_cast<char>('a' + i % 26)));
    write(records);
    EXPECT_GT(journal->stats().file_count, 5);
    EXPECT_EQ(read(), records);
    stop();
    open();
    EXPECT_EQ(read(), records);
    write({"last"});
    records.push_back("last");
    EXPECT_EQ(read(), records);
}

TEST_F(JournalTest, ABatchMaySpanFramesAndFiles) {
    open();
    must(journal->prepare_once());
    Records records;
    for (int i = 0; i < 5; ++i) {
        records.push_back(std::string(2000, static_cast<char>('a' + i)));
        must(journal->append(records.back()));
    }
    journal->write_once();
    EXPECT_EQ(journal->stats().file_count, 2);
    EXPECT_EQ(read(), records);
    for (const auto& frame : frames()) EXPECT_LE(frame.size, options.frame_size_max);
}

TEST_F(JournalTest, TheLargestRecordFitsAndALargerOneIsRefused) {
    options.record_size_max = 4096 - 96 - 4;  // header and length prefix
    open();
    const std::string largest(options.record_size_max, 'x');
    write({largest});
    EXPECT_THAT(read(), ElementsAre(largest));
    const auto refused = journal->append(largest + "x");
    EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
    EXPECT_EQ(journal->last_lsn(), Lsn{1});
}

TEST_F(JournalTest, AFullQueueRefusesAndAssignsNothing) {
    options.file_size = 65536;
    open();
    const std::string record(1000, 'x');
    Result<Lsn> appended;
    std::uint64_t admitted = 0;
    while ((appended = journal->append(record))) ++admitted;
    EXPECT_EQ(appended.error().code, ErrorCode::unavailable);
    EXPECT_EQ(appended.error().message, "the journal queue is full");
    EXPECT_EQ(admitted, 13) << "four frames of three and one of one";
    EXPECT_EQ(journal->last_lsn(), Lsn{admitted});
    EXPECT_LE(journal->stats().queue_bytes, options.queue_size_max);
    journal->write_once();
    EXPECT_EQ(must(journal->append(record)), Lsn{admitted + 1});
    journal->write_once();
    EXPECT_EQ(read(), Records(admitted + 1, record));
}

TEST_F(JournalTest, ReportsEverySync) {
    std::vector<SyncReport> reports;
    options.on_sync = [&](const SyncReport& report) { reports.push_back(report); };
    open();
    must(journal->append("a"));
    must(journal->append(std::string(500, 'b')));
    journal->write_once();
    ASSERT_EQ(reports.size(), 1);
    EXPECT_EQ(reports[0].records, 2);
    EXPECT_EQ(reports[0].bytes, 1024);
    EXPECT_GE(reports[0].microseconds, 0);
}

TEST_F(JournalTest, OptionsThatContradictEachOtherAreRefused) {
    const JournalOptions good = options;
    const std::vector<void (*)(JournalOptions&)> mistakes = {
        [](JournalOptions& o) { o.file_size = o.frame_size_max; },
        [](JournalOptions& o) { o.file_size += 1; },
        [](JournalOptions& o) { o.frame_size_max += 1; },
        [](JournalOptions& o) { o.frame_size_max = 0; },
        [](JournalOptions& o) { o.frame_size_max = 0x80000000; },
        [](JournalOptions& o) { o.record_size_max = o.frame_size_max; },
        [](JournalOptions& o) { o.queue_size_max = o.frame_size_max - 1; },
    };
    for (const auto& mistake : mistakes) {
        options = good;
        mistake(options);
        const auto opened = try_open();
        ASSERT_FALSE(opened);
        EXPECT_EQ(opened.error().code, ErrorCode::invalid_argument);
    }
    options = good;
    EXPECT_TRUE(try_open());
}

TEST_F(JournalTest, IsNotCreatedOverAnother) {
    open();
    stop();
    const auto created = Journal::create(disk, must(disk.lock()), start, options);
    EXPECT_EQ(created.error().code, ErrorCode::already_exists);
}

TEST_F(JournalTest, ASecondOpenIsRefusedByTheLock) {
    open();
    const auto second = try_open();
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, ErrorCode::unavailable);
    EXPECT_THAT(second.error().message, HasSubstr("in use"));
    journal.reset();
    EXPECT_TRUE(try_open());
}

TEST_F(JournalTest, AnEarlierEpochIsFenced) {
    open();
    write({"a"});
    stop();
    start.epoch = Epoch{6};
    EXPECT_EQ(try_open().error().code, ErrorCode::fenced);
    start.epoch = Epoch{8};
    open();
    write({"b"});
    const auto reader = must(JournalReader::open(disk, Lsn{1}));
    EXPECT_EQ(must(reader->next(Lsn{2}))->epoch, Epoch{7});
    EXPECT_EQ(must(reader->next(Lsn{2}))->epoch, Epoch{8});
}

TEST_F(JournalTest, RemovesOldFilesThatNobodyNeeds) {
    disk.set_time(Timestamp{100});
    open();
    write(Records(30, std::string(1000, 'x')));
    const auto before = journal->stats().file_count;
    ASSERT_GT(before, 3);

    EXPECT_EQ(must(journal->remove_before(Lsn{30}, Timestamp{100})), 0) << "too young";
    EXPECT_EQ(must(journal->remove_before(Lsn{2}, Timestamp{101})), 0) << "still needed";
    const Lsn second_file{data_frames()[0].first_lsn};
    EXPECT_EQ(second_file, Lsn{1});
    EXPECT_EQ(must(journal->remove_before(Lsn{30}, Timestamp{101})), before - 1);
    EXPECT_EQ(journal->stats().file_count, 1);

    const Lsn oldest = data_frames()[0].first_lsn;
    EXPECT_EQ(must(try_read(oldest, Lsn{30})).size(), 30 - oldest.value + 1);
    EXPECT_EQ(try_read(Lsn{oldest.value - 1}, Lsn{30}).error().code, ErrorCode::not_found);
    stop();
    journal = must(try_open(Lsn{30}));
    write({"more"});
    EXPECT_EQ(journal->durable_lsn(), Lsn{31});
}

TEST_F(JournalTest, KeepsExactlyTheFilesWithTheRecordsFromAnLsnOn) {
    open();
    write(Records(30, std::string(1000, 'x')));
    const Lsn first_of_second = [&] {
        for (const auto& frame : data_frames()) {
            if (frame.file == name_of(2)) return frame.first_lsn;
        }
        return Lsn{};
    }();
    EXPECT_EQ(must(journal->remove_before(Lsn{first_of_second.value - 1}, Timestamp::never())), 0);
    EXPECT_EQ(must(journal->remove_before(first_of_second, Timestamp::never())), 1);
    EXPECT_EQ(data_frames()[0].first_lsn, first_of_second);
}

TEST_F(JournalTest, FilesOfAnotherSizeAreReplacedWhenTheOptionChanges) {
    open();
    write({"a"});
    must(journal->prepare_once());
    stop();
    options.file_size = 16384;
    open();
    write(Records(20, std::string(1000, 'x')));
    EXPECT_EQ(disk.content(name_of(1)).size(), 8192);
    EXPECT_EQ(disk.content(name_of(2)).size(), 16384);
    EXPECT_EQ(read().size(), 21);
}

}  // namespace
}  // namespace faregate::journal
