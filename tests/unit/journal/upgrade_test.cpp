#include "faregate/journal/copy.h"
#include "journal_fixture.h"
#include "version_1.h"

namespace faregate::journal {
namespace {

using support::MemoryDisk;
using ::testing::HasSubstr;

// A journal that an older Faregate wrote, under this one.
class UpgradeTest : public JournalFixture {
  protected:
    using Contents = std::map<std::string, std::vector<std::byte>>;

    UpgradeTest() : records(version_1::records()) {
        options.file_size = 4096;
        options.frame_size_max = 2048;
        options.record_size_max = 1900;
        options.queue_size_max = 8192;
    }

    Contents contents() const {
        Contents all;
        for (const std::string& name : disk.names()) all[name] = disk.content(name);
        return all;
    }

    FileHeader header_of(std::uint64_t sequence) const {
        return decode_file_header(disk.content(name_of(sequence))).value();
    }

    std::vector<Damage> damage() const {
        struct Collector : InspectionVisitor {
            std::vector<Damage> all;
            void on_damage(const Damage& found) override { all.push_back(found); }
        } collector;
        must(inspect(disk, collector));
        return collector.all;
    }

    /// Everything that was in the old journal, and then that it can go on.
    void expect_everything() {
        ASSERT_EQ(read(), records);
        write({"more", std::string(1000, '\0'), "and more"});
        const Records more = read();
        ASSERT_EQ(more.size(), records.size() + 3);
        stop();
        open();
        ASSERT_FALSE(torn_tail);
        ASSERT_EQ(read(), more);
        for (const FramePlace& frame : frames()) {
            const auto sequence = parse_file_name(frame.file).value();
            ASSERT_EQ(frame.version, header_of(sequence).version);
        }
    }

    void set_file_version(std::uint64_t sequence, std::uint16_t version) {
        auto content = disk.content(name_of(sequence));
        auto header = decode_file_header(content).value();
        header.version = version;
        encode(header, std::span(content).first<sector_size>());
        disk.set_content(name_of(sequence), content);
    }

    void set_frame_version(const FramePlace& frame, std::uint16_t version) {
        auto content = disk.content(frame.file);
        const auto bytes = std::span(content).subspan(static_cast<std::size_t>(frame.offset));
        auto header = decode_frame_header(bytes).value();
        header.version = version;
        encode(header, bytes.first<frame_header_size>());
        disk.set_content(frame.file, content);
    }

    void expect_newer(const Error& error, const std::string& file, std::uint64_t offset) {
        EXPECT_EQ(error.code, ErrorCode::corruption);
        EXPECT_THAT(error.message, HasSubstr(file + " has at offset " + std::to_string(offset)));
        EXPECT_THAT(error.message, HasSubstr("format version 3: a newer Faregate wrote it"));
        EXPECT_THAT(error.message, HasSubstr("Nothing was changed"));
    }

    const Records records;
};

TEST_F(UpgradeTest, AnOldJournalIsReadAndInspected) {
    for (const char* ending : {version_1::stopped, version_1::torn}) {
        SCOPED_TRACE(ending);
        version_1::load(disk, ending);
        EXPECT_EQ(must(try_read(Lsn{1}, Lsn{records.size()})), records);
        for (const FramePlace& frame : frames()) EXPECT_EQ(frame.version, 1);
        const auto found = must(scan(disk));
        EXPECT_EQ(found->last_lsn, Lsn{records.size()});
        EXPECT_EQ(found->end_version, 1);
        EXPECT_EQ(found->torn_tail, ending == version_1::torn);
        ASSERT_EQ(damage().size(), found->torn_tail ? 1 : 0);
    }
    EXPECT_EQ(damage()[0].problem, "a part of the frame was never written");
}

TEST_F(UpgradeTest, GoesOnInANewFileAndLeavesTheOldOnesAsTheyAre) {
    for (const char* ending : {version_1::stopped, version_1::torn}) {
        SCOPED_TRACE(ending);
        version_1::load(disk, ending);
        const Contents before = contents();
        open();
        EXPECT_EQ(torn_tail, ending == version_1::torn);
        const std::uint64_t last_old = torn_tail ? 4 : 3;
        for (std::uint64_t sequence = 1; sequence < 4; ++sequence) {
            EXPECT_EQ(disk.content(name_of(sequence)), before.at(name_of(sequence)));
        }
        const FileHeader next = header_of(last_old + 1);
        EXPECT_EQ(next.version, 2);
        EXPECT_EQ(next.first_lsn, Lsn{records.size() + 1});
        // From the start on: damage to the newest old frame is no torn write any more.
        EXPECT_EQ(frames().back().file, name_of(last_old + 1));
        EXPECT_EQ(frames().back().count, 0);
        expect_everything();
    }
}

TEST_F(UpgradeTest, APreparedOldFileIsTakenIntoUseWithANewHeader) {
    version_1::load(disk, version_1::stopped);
    ASSERT_FALSE(header_of(4).in_use());
    ASSERT_EQ(header_of(4).version, 1);
    open();
    EXPECT_EQ(disk.names().size(), 4);
    EXPECT_TRUE(header_of(4).in_use());
    EXPECT_EQ(header_of(4).version, 2);
    expect_everything();
}

TEST_F(UpgradeTest, APreparedOldFileOfAnotherSizeIsReplaced) {
    version_1::load(disk, version_1::stopped);
    options.file_size = 8192;
    open();
    EXPECT_EQ(header_of(4).version, 2);
    EXPECT_EQ(header_of(4).file_size, 8192);
    expect_everything();
}

TEST_F(UpgradeTest, AnOldJournalWithoutRecordsGoesOn) {
    version_1::load(disk, version_1::stopped);
    auto content = disk.content(name_of(1));
    std::fill(content.begin() + sector_size, content.end(), std::byte{});
    for (const std::uint64_t sequence : {2U, 3U, 4U}) disk.erase(name_of(sequence));
    disk.set_content(name_of(1), content);
    open();
    EXPECT_EQ(journal->durable_lsn(), Lsn{});
    EXPECT_EQ(header_of(2).first_lsn, Lsn{1});
    write({"a", "b"});
    stop();
    open();
    EXPECT_EQ(read(), (Records{"a", "b"}));
}

// Records are refused until there is room, and the older Faregate could still go on.
TEST_F(UpgradeTest, AFullDiskIsMetAsAlways) {
    version_1::load(disk, version_1::torn);
    disk.set_capacity(4 * 4096);
    open();
    EXPECT_EQ(read(), records);
    const auto refused = journal->append("no place");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::unavailable);
    EXPECT_THAT(refused.error().message, HasSubstr("disk is full"));
    for (const std::uint64_t sequence : {1U, 2U, 3U, 4U}) EXPECT_EQ(header_of(sequence).version, 1);
    disk.set_capacity(1U << 20);
    expect_everything();
}

// The power goes at every access of the first start, and what was not synced is lost, kept, or
// lost and kept sector by sector. After some such starts in a row everything is still there.
TEST_F(UpgradeTest, APowerLossAtAnyMomentLosesNothing) {
    constexpr std::uint64_t lost = 0;
    constexpr std::uint64_t kept = 1;
    for (const char* ending : {version_1::stopped, version_1::torn}) {
        version_1::load(disk, ending);
        MemoryDisk original;
        original.copy_from(disk);
        std::uint64_t accesses = 0;
        for (std::uint64_t how = lost; how < 12; ++how) {
            std::mt19937_64 random(how);
            bool finished = false;
            for (std::uint64_t at = 1; !finished; ++at) {
                SCOPED_TRACE(
                    std::string(ending) + " " + std::to_string(how) + " " + std::to_string(at)
                );
                disk.copy_from(original);
                const int starts = how <= kept ? 1 : 3;
                for (int i = 0; i < starts; ++i) {
                    std::uint64_t left = i == 0 ? at : 1 + random() % accesses;
                    disk.set_fault_injector([&](const MemoryDisk::Access&) -> std::optional<Error> {
                        if (left > 0 && --left > 0) return std::nullopt;
                        return Error{ErrorCode::io, "the power is gone"};
                    });
                    auto opened = try_open();
                    if (i == 0) finished = opened.has_value();
                    opened = tl::unexpected<Error>(Error{});
                    disk.set_fault_injector(nullptr);
                    if (how > kept) {
                        disk.crash(random);
                    } else {
                        disk.crash([&](const auto& sector) { return how * sector.newest; });
                    }
                }
                accesses = std::max(accesses, at);
                open();
                expect_everything();
                journal.reset();
                if (HasFailure()) return;
            }
            EXPECT_GT(accesses, 20);
        }
    }
}

// What a killed server wrote may be in the page cache alone, even after a sync that failed.
TEST_F(UpgradeTest, TheNewestOldFrameIsDurableBeforeItIsServed) {
    for (const bool sync_failed : {false, true}) {
        SCOPED_TRACE(sync_failed);
        version_1::load(disk, version_1::stopped);
        const FramePlace last = data_frames().back();
        const auto content = disk.content(last.file);
        const std::size_t begin = static_cast<std::size_t>(last.offset);
        auto shorter = content;
        std::ranges::fill(std::span(shorter).subspan(begin), std::byte{});
        disk.set_content(last.file, shorter);
        {
            const auto file = must(disk.open(last.file, OpenMode::read_write));
            must(file->write_at(
                last.offset, std::span(content).subspan(begin, static_cast<std::size_t>(last.size))
            ));
            if (sync_failed) {
                disk.set_fault_injector([](const MemoryDisk::Access&) {
                    return Error{ErrorCode::io, "EIO"};
                });
                EXPECT_FALSE(file->sync());
                disk.set_fault_injector(nullptr);
            }
        }
        disk.kill();
        open();
        ASSERT_EQ(journal->durable_lsn(), Lsn{records.size()});
        crash();
        open();
        expect_everything();
        journal.reset();
    }
}

TEST_F(UpgradeTest, AfterTheFirstStartTheNewestOldRecordIsProtected) {
    version_1::load(disk, version_1::stopped);
    const FramePlace last = data_frames().back();
    open();
    crash();
    zero(last);
    open();
    const auto found = try_read(Lsn{1}, journal->durable_lsn());
    ASSERT_FALSE(found);
    EXPECT_TRUE(is_corruption(found.error(), last.file, last.offset));
}

TEST_F(UpgradeTest, ACopyGoesOnOverIt) {
    version_1::load(disk, version_1::stopped);
    MemoryDisk target("copy");
    EXPECT_EQ(must(copy(disk, target)).last_lsn, Lsn{records.size()});
    open();
    write({"more", "and more"});
    const Records more = read();
    stop();
    const CopyReport report = must(copy(disk, target));
    EXPECT_EQ(report.records_added, 2);
    // A server that starts with either copy has everything.
    disk.copy_from(target);
    open();
    EXPECT_EQ(read(), more);
}

TEST_F(UpgradeTest, ACopyOfANewerJournalIsRefused) {
    for (std::uint64_t sequence = 1; sequence <= 3; ++sequence) {
        version_1::load(disk, version_1::stopped);
        set_file_version(sequence, 3);
        MemoryDisk target("copy");
        expect_newer(copy(disk, target).error(), name_of(sequence), 0);
    }
    version_1::load(disk, version_1::stopped);
    const FramePlace last = frames().back();
    set_frame_version(last, 3);
    MemoryDisk target("copy");
    expect_newer(copy(disk, target).error(), last.file, last.offset);
}

TEST_F(UpgradeTest, AFileOfANewerFaregateIsRefusedAndNothingIsChanged) {
    for (std::uint64_t sequence = 1; sequence <= 4; ++sequence) {
        SCOPED_TRACE(sequence);
        version_1::load(disk, version_1::stopped);
        set_file_version(sequence, 3);
        const Contents before = contents();
        expect_newer(try_open().error(), name_of(sequence), 0);
        EXPECT_EQ(contents(), before);
        const auto found = try_read(Lsn{1}, Lsn{records.size()});
        if (!found) expect_newer(found.error(), name_of(sequence), 0);
        ASSERT_FALSE(damage().empty());
        EXPECT_EQ(damage()[0].file, name_of(sequence));
        EXPECT_EQ(damage()[0].size, 4096);
        EXPECT_THAT(damage()[0].problem, HasSubstr("a newer Faregate wrote it"));
    }
}

TEST_F(UpgradeTest, AFrameOfANewerFaregateIsRefusedAndNothingIsChanged) {
    version_1::load(disk, version_1::stopped);
    for (const FramePlace& frame : frames()) {
        SCOPED_TRACE(frame.file + " " + std::to_string(frame.offset));
        version_1::load(disk, version_1::stopped);
        set_frame_version(frame, 3);
        const Contents before = contents();
        if (frame.file == name_of(3)) {
            expect_newer(try_open().error(), frame.file, frame.offset);
            EXPECT_EQ(contents(), before);
        }
        const auto found = try_read(Lsn{1}, Lsn{records.size()});
        // The last one is empty, so the reader does not need it.
        EXPECT_EQ(found.has_value(), frame.count == 0);
        if (!found) expect_newer(found.error(), frame.file, frame.offset);
        ASSERT_FALSE(damage().empty());
        EXPECT_THAT(damage()[0].problem, HasSubstr("a newer Faregate wrote it"));
    }
}

TEST_F(UpgradeTest, AFrameOfAnotherVersionThanItsFileIsCorruption) {
    version_1::load(disk, version_1::stopped);
    const FramePlace last = data_frames().back();
    set_frame_version(last, 2);
    const auto found = scan(disk);
    ASSERT_FALSE(found);
    EXPECT_TRUE(is_corruption(found.error(), last.file, last.offset));
    EXPECT_THAT(found.error().message, HasSubstr("format version 2, and the file version 1"));
}

TEST_F(UpgradeTest, AnOldFileAfterANewOneIsCorruption) {
    version_1::load(disk, version_1::stopped);
    set_file_version(2, 2);
    EXPECT_TRUE(is_corruption(scan(disk).error(), name_of(3), 0));
}

}  // namespace
}  // namespace faregate::journal
