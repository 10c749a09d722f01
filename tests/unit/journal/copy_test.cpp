#include "faregate/journal/copy.h"

#include "hooked_directory.h"
#include "journal_fixture.h"
#include "version_1.h"

namespace faregate::journal {
namespace {

using support::MemoryDisk;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class JournalCopyTest : public JournalFixture {
  protected:
    JournalCopyTest() {
        copy_options.rereads_max = 3;
        copy_options.reread_pause_ms = 0;
    }

    Result<CopyReport> try_copy() { return copy(disk, target, copy_options); }
    CopyReport copy_now() { return must(try_copy()); }

    void write_files(std::size_t count = 25) {
        open();
        write(Records(count, std::string(1000, 'x')));
    }

    /// The names of the files in use.
    static std::vector<std::string> used_names(const Directory& directory) {
        std::vector<std::string> names;
        const auto found = must(scan(directory));
        if (!found) return names;
        for (const auto& file : found->files) names.push_back(name_of(file.sequence));
        return names;
    }

    /// The records of the copy, read as a server that starts on it would.
    Records records_of_copy() {
        Records records;
        const auto found = must(scan(target));
        if (!found) return records;
        EXPECT_FALSE(found->torn_tail);
        const auto reader = must(JournalReader::open(target, found->first_lsn));
        while (const auto record = must(reader->next(found->last_lsn))) {
            records.emplace_back(record->bytes);
        }
        return records;
    }

    void expect_refused(ErrorCode code, const std::string& words) {
        const auto report = try_copy();
        ASSERT_FALSE(report.has_value());
        EXPECT_EQ(report.error().code, code) << report.error().message;
        EXPECT_THAT(report.error().message, HasSubstr(words));
    }

    MemoryDisk target{"copy"};
    CopyOptions copy_options;
};

TEST_F(JournalCopyTest, ACopyOfAStoppedJournalHasTheSameBytes) {
    write_files();
    stop();
    const auto report = copy_now();
    EXPECT_EQ(report.journal, start.id);
    EXPECT_EQ(report.first_lsn, Lsn{1});
    EXPECT_EQ(report.last_lsn, Lsn{25});
    EXPECT_EQ(report.records_added, 25);
    EXPECT_EQ(report.epoch, start.epoch);
    EXPECT_THAT(used_names(disk), SizeIs(report.files));
    for (const std::string& name : used_names(disk)) {
        EXPECT_EQ(target.content(name), disk.content(name));
    }
    EXPECT_EQ(records_of_copy(), Records(25, std::string(1000, 'x')));
}

// After an upgrade the older files were taken for damage by the copy alone.
TEST_F(JournalCopyTest, FilesOfTheOldestVersionAreCopiedAsTheyAre) {
    for (const char* ending : {version_1::stopped, version_1::torn}) {
        target.copy_from(MemoryDisk{});
        version_1::load(disk, ending);
        const auto report = copy_now();
        EXPECT_EQ(records_of_copy(), version_1::records());
        for (const std::string& name : used_names(target)) {
            const bool last = name == used_names(target).back();
            if (last && ending == version_1::torn) continue;
            EXPECT_EQ(target.content(name), disk.content(name));
        }
    }
}

TEST_F(JournalCopyTest, ARunningServersJournalIsCopiedUpToWhatWasAcknowledged) {
    write_files();
    EXPECT_EQ(copy_now().last_lsn, journal->durable_lsn());
    EXPECT_THAT(records_of_copy(), SizeIs(25));
    for (const std::string& name : target.names()) EXPECT_THAT(name, Not(HasSubstr(".tmp")));
}

TEST_F(JournalCopyTest, AServerGoesOnWithACopy) {
    write_files();
    copy_now();
    journal.reset();
    disk.copy_from(target);
    open();
    write({"next"});
    EXPECT_EQ(journal->durable_lsn(), Lsn{26});
    EXPECT_THAT(read(), SizeIs(26));
}

TEST_F(JournalCopyTest, GoesOnWhereItEnded) {
    open();
    Records written;
    for (int turn = 0; turn < 12; ++turn) {
        const std::string record(static_cast<std::size_t>(turn) * 200, 'r');
        write({record});
        written.push_back(record);
        const auto report = copy_now();
        EXPECT_EQ(report.records_added, 1);
        EXPECT_EQ(report.first_lsn, Lsn{1});
        EXPECT_EQ(report.last_lsn, journal->durable_lsn());
        EXPECT_EQ(records_of_copy(), written);
    }
    EXPECT_EQ(must(scan(target))->files.size(), copy_now().files);
}

TEST_F(JournalCopyTest, WithoutNewRecordsNothingIsWritten) {
    write_files();
    const auto first = copy_now();
    const auto second = copy_now();
    EXPECT_EQ(second.files_written, 0);
    EXPECT_EQ(second.records_added, 0);
    EXPECT_EQ(second.hash, first.hash);
    EXPECT_EQ(second.last_lsn, first.last_lsn);
    EXPECT_EQ(second.files, first.files);
}

TEST_F(JournalCopyTest, GoesOnThoughTheServerRemovedOldFiles) {
    write_files(12);
    copy_now();
    write(Records(6, std::string(1000, 'y')));
    must(journal->remove_before(Lsn{12}, Timestamp::never()));
    EXPECT_GT(must(scan(disk))->first_lsn, Lsn{1});
    EXPECT_EQ(copy_now().first_lsn, Lsn{1});
    EXPECT_THAT(records_of_copy(), SizeIs(18));
}

TEST_F(JournalCopyTest, AGapBetweenCopyAndJournalIsRefused) {
    write_files(6);
    copy_now();
    write(Records(19, std::string(1000, 'y')));
    must(journal->remove_before(Lsn{20}, Timestamp::never()));
    expect_refused(ErrorCode::not_found, "begin a new copy in another directory");
    EXPECT_THAT(records_of_copy(), SizeIs(6));
}

TEST_F(JournalCopyTest, BeginsWithTheFileThatHasTheGivenRecord) {
    write_files();
    copy_options.from = Lsn{13};
    const auto report = copy_now();
    EXPECT_LE(report.first_lsn, Lsn{13});
    EXPECT_GT(report.first_lsn, Lsn{1});
    EXPECT_EQ(report.last_lsn, Lsn{25});
    EXPECT_THAT(records_of_copy(), SizeIs(26 - report.first_lsn.value));
}

TEST_F(JournalCopyTest, ARecordThatIsNotKeptAnyMoreIsRefused) {
    write_files();
    must(journal->remove_before(Lsn{13}, Timestamp::never()));
    copy_options.from = Lsn{2};
    expect_refused(ErrorCode::not_found, "no record with LSN 2 any more");
}

TEST_F(JournalCopyTest, EndsAtTheGivenRecord) {
    write_files();
    for (const std::uint64_t up_to : {25U, 14U, 1U, 0U}) {
        copy_options.up_to = Lsn{up_to};
        EXPECT_EQ(must(copy(disk, target, copy_options)).last_lsn, Lsn{up_to});
        EXPECT_THAT(records_of_copy(), SizeIs(up_to));
        for (const std::string& name : target.names()) target.erase(name);
    }
}

TEST_F(JournalCopyTest, ATornTailIsLeftOut) {
    open();
    write({"a", std::string(2000, 'b')});
    journal.reset();
    zero_sector(data_frames().back(), 2);
    EXPECT_EQ(copy_now().last_lsn, Lsn{1});
    EXPECT_THAT(records_of_copy(), ElementsAre("a"));
}

// What a reader sees of a write that is under way is any mixture of old and new bytes.
TEST_F(JournalCopyTest, AWriteUnderWayIsNoDamage) {
    open();
    write({"a", std::string(2000, 'b')});
    const auto last = data_frames().back();
    disk.flip_bit(last.file, last.offset + 700, 3);
    HookedDirectory hooked(disk);
    int reads = 0;
    hooked.before_read = [&] {
        if (++reads == 12) disk.flip_bit(last.file, last.offset + 700, 3);
    };
    copy_options.rereads_max = 1000;
    EXPECT_EQ(must(copy(hooked, target, copy_options)).last_lsn, Lsn{2});
    EXPECT_GE(reads, 12);
}

// Whenever the copy looks, the writer has gone on, over the ends of files, too.
TEST_F(JournalCopyTest, FollowsAWriterThatWritesBetweenAnyTwoReads) {
    for (int pause = 1; pause < 8; ++pause) {
        disk.copy_from(MemoryDisk{});
        target.copy_from(MemoryDisk{});
        open();
        HookedDirectory hooked(disk);
        int reads = 0;
        std::uint64_t acknowledged = 0;
        hooked.before_read = [&] {
            if (++reads % pause == 0 && journal->durable_lsn() < Lsn{60}) {
                write({std::string(900, 'w'), "and another"});
            }
        };
        while (acknowledged < 60) {
            acknowledged = journal->durable_lsn().value;
            EXPECT_GE(must(copy(hooked, target, copy_options)).last_lsn, Lsn{acknowledged});
        }
        EXPECT_THAT(records_of_copy(), SizeIs(60));
        journal.reset();
    }
}

// The server loses power after a frame was written and before it was synced. If the copy had that
// frame and the server not, it would go on with other records under the same LSNs.
TEST_F(JournalCopyTest, ACopyHasNothingThatTheSourceMayStillLose) {
    HookedDirectory hooked(disk);
    CopyReport report;
    bool copying = false;
    hooked.before_sync = [&] {
        if (copying) report = must(copy(disk, target, copy_options));
        return !copying;
    };
    auto lock = must(disk.lock());
    auto writer = must(Journal::create(hooked, std::move(lock), start, options));
    must(writer->append("a"));
    writer->write_once();
    must(writer->append("b"));
    copying = true;
    writer->write_once();
    writer.reset();
    ASSERT_THAT(fatal, SizeIs(1));
    ASSERT_EQ(report.last_lsn, Lsn{2});
    disk.crash([](const auto&) { return std::size_t{0}; });
    EXPECT_EQ(must(scan(disk))->last_lsn, Lsn{2});
}

TEST_F(JournalCopyTest, DamageIsNamedAndNeverCopied) {
    write_files();
    stop();
    for (const FramePlace& frame : data_frames()) {
        target.copy_from(MemoryDisk{});
        disk.flip_bit(frame.file, frame.offset + 500, 1);
        const auto report = try_copy();
        ASSERT_FALSE(report.has_value());
        EXPECT_TRUE(is_corruption(report.error(), frame.file, frame.offset));
        EXPECT_LT(records_of_copy().size(), frame.first_lsn.value);
        disk.flip_bit(frame.file, frame.offset + 500, 1);
    }
    EXPECT_EQ(copy_now().last_lsn, Lsn{25});
}

TEST_F(JournalCopyTest, DamageToTheVeryLastRecordIsNoTornWrite) {
    open();
    write({"a", std::string(2000, 'b')});
    const auto last = data_frames().back();
    disk.flip_bit(last.file, last.offset + 700, 3);
    EXPECT_TRUE(is_corruption(try_copy().error(), last.file, last.offset));
}

TEST_F(JournalCopyTest, ALostFrameIsCorruption) {
    write_files();
    for (const FramePlace& frame : data_frames()) {
        if (frame.first_lsn == Lsn{25}) break;
        const auto content = disk.content(frame.file);
        zero(frame);
        EXPECT_TRUE(is_corruption(try_copy().error(), frame.file, frame.offset));
        disk.set_content(frame.file, content);
    }
}

TEST_F(JournalCopyTest, AMissingFileIsCorruption) {
    write_files();
    disk.erase(name_of(3));
    expect_refused(ErrorCode::corruption, "is in use");
}

TEST_F(JournalCopyTest, ABadHeaderBeforeFramesIsCorruption) {
    write_files();
    const auto last = must(scan(disk))->files.back().sequence;
    for (std::uint64_t sequence = 1; sequence <= last; ++sequence) {
        disk.flip_bit(name_of(sequence), 50, 0);
        EXPECT_EQ(try_copy().error().code, ErrorCode::corruption) << sequence;
        disk.flip_bit(name_of(sequence), 50, 0);
    }
}

TEST_F(JournalCopyTest, AHeaderThatACrashToreIsTheEnd) {
    write_files(5);
    must(journal->prepare_once());
    stop();
    const auto unused = must(scan(disk))->unused_files.front().sequence;
    disk.flip_bit(name_of(unused), 50, 0);
    EXPECT_EQ(copy_now().last_lsn, Lsn{5});
}

// At whatever step it ends, what is there is a good copy, and the next call completes it.
TEST_F(JournalCopyTest, AnInterruptedCopyIsAShorterOne) {
    write_files(12);
    copy_now();
    write(Records(13, std::string(1000, 'y')));
    const auto operations_max = 1000;
    for (int allowed = 0; allowed < operations_max; ++allowed) {
        MemoryDisk begun("copy");
        begun.copy_from(target);
        int left = allowed;
        begun.set_fault_injector([&](const MemoryDisk::Access&) -> std::optional<Error> {
            if (left-- > 0) return std::nullopt;
            return Error{ErrorCode::io, "interrupted"};
        });
        const bool whole = copy(disk, begun, copy_options).has_value();
        begun.set_fault_injector({});
        begun.crash([](const auto&) { return std::size_t{0}; });
        const auto found = must(scan(begun));
        ASSERT_TRUE(found.has_value());
        EXPECT_FALSE(found->torn_tail);
        EXPECT_GE(found->last_lsn, Lsn{12});
        if (whole) {
            EXPECT_EQ(found->last_lsn, Lsn{25});
            return;
        }
        EXPECT_EQ(must(copy(disk, begun, copy_options)).last_lsn, Lsn{25});
        auto names = begun.names();
        std::erase(names, "LOCK");
        EXPECT_EQ(names, used_names(begun));
    }
    FAIL() << "no copy was whole";
}

TEST_F(JournalCopyTest, AJournalThatLostWhatTheCopyHasIsNamed) {
    write_files(12);
    MemoryDisk before("before");
    before.copy_from(disk);
    write({"lost"});
    copy_now();
    journal.reset();
    disk.copy_from(before);
    expect_refused(ErrorCode::already_exists, "records up to LSN 13");
    open();
    write({"other", "and more", "and more"});
    expect_refused(ErrorCode::already_exists, "is not its continuation");
    EXPECT_EQ(records_of_copy().back(), "lost");
}

TEST_F(JournalCopyTest, AnotherJournalIsRefused) {
    write_files(3);
    copy_now();
    journal.reset();
    disk.copy_from(MemoryDisk{});
    start.id = JournalId{{9}};
    write_files(5);
    expect_refused(ErrorCode::already_exists, "has another one");
}

TEST_F(JournalCopyTest, AServersJournalIsNoPlaceForACopy) {
    write_files(3);
    must(journal->prepare_once());
    target.copy_from(disk);
    expect_refused(ErrorCode::already_exists, "is the journal of a server");
}

TEST_F(JournalCopyTest, TwoCopiesAtOnceAreRefused) {
    write_files(3);
    const auto lock = must(target.lock());
    expect_refused(ErrorCode::unavailable, "in use");
}

TEST_F(JournalCopyTest, ADamagedCopyIsNotContinued) {
    write_files(5);
    copy_now();
    target.flip_bit(name_of(1), 700, 1);
    write({"more"});
    EXPECT_EQ(try_copy().error().code, ErrorCode::corruption);
    EXPECT_THAT(try_copy().error().message, HasSubstr("copy/" + name_of(1)));
}

TEST_F(JournalCopyTest, WithoutAJournalThereIsNothingToCopy) {
    expect_refused(ErrorCode::not_found, "there is no journal");
    EXPECT_THAT(target.names(), IsEmpty());
}

}  // namespace
}  // namespace faregate::journal
