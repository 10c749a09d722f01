#include <set>

#include "journal_fixture.h"

namespace faregate::journal {
namespace {

using support::MemoryDisk;
using ::testing::IsEmpty;

/// Does one thing again and again, and each time lets the next access to the disk fail, until none
/// is left to fail. Whichever fails: it must be told, and do no harm.
class FaultSweep : public JournalFixture {
  protected:
    /// Fails the access with this number, counted from 1, and counts all.
    void fail(int number) {
        accesses = 0;
        disk.set_fault_injector(
            [this, number](const MemoryDisk::Access& access) -> std::optional<Error> {
                if (++accesses != number) return std::nullopt;
                operation = access.operation;
                return Error{ErrorCode::io, "Input/output error"};
            }
        );
    }

    /// `attempt` says whether it succeeded; `harmless` is asked after each failure, on a sound
    /// disk.
    template <typename Attempt, typename Harmless>
    void sweep(Attempt attempt, Harmless harmless) {
        for (int number = 1;; ++number) {
            fail(number);
            const bool done = attempt();
            const bool failed = accesses >= number;
            disk.set_fault_injector(nullptr);
            EXPECT_EQ(done, !failed)
                << "access " << number << " of kind " << static_cast<int>(operation);
            if (!failed) break;
            harmless();
            ++failures;
            kinds.insert(operation);
        }
    }

    /// Three files with twelve records.
    void write_files() {
        open();
        write(Records(12, std::string(1000, 'x')));
        stop();
    }

    int accesses = 0;
    int failures = 0;
    MemoryDisk::Operation operation = MemoryDisk::Operation::open;
    std::set<MemoryDisk::Operation> kinds;
};

TEST_F(FaultSweep, AReaderTellsOfEveryFailureAndCanBeOpenedAnew) {
    write_files();
    sweep(
        [&] {
            const auto records = try_read(Lsn{1}, Lsn{12});
            return records.has_value() || records.error().code != ErrorCode::io;
        },
        [&] { EXPECT_EQ(must(try_read(Lsn{1}, Lsn{12})).size(), 12); }
    );
    EXPECT_GT(failures, 6);
}

// A reader that met a failure in the middle may be asked again.
TEST_F(FaultSweep, AReaderGoesOnWhereItStood) {
    write_files();
    const auto reader = must(JournalReader::open(disk, Lsn{1}));
    int refused = 0;
    for (std::uint64_t lsn = 1; lsn <= 12;) {
        fail(1);
        const auto first = reader->next(Lsn{12});
        disk.set_fault_injector(nullptr);
        if (!first) ++refused;
        const auto record = first ? *first : must(reader->next(Lsn{12}));
        ASSERT_TRUE(record);
        EXPECT_EQ(record->lsn, Lsn{lsn});
        ++lsn;
    }
    EXPECT_GT(refused, 2);
}

TEST_F(FaultSweep, AScanTellsOfEveryFailure) {
    write_files();
    sweep(
        [&] {
            const auto found = scan(disk);
            return found.has_value() || found.error().code != ErrorCode::io;
        },
        [] {}
    );
    EXPECT_GT(failures, 6);
}

TEST_F(FaultSweep, AnInspectionTellsOfEveryFailureAndShowsTheRest) {
    struct Report : InspectionVisitor {
        std::size_t records = 0;
        std::vector<Damage> damage;
        void on_record(const InspectedRecord&) override { ++records; }
        void on_damage(const Damage& found) override { damage.push_back(found); }
    };
    write_files();
    for (int number = 1;; ++number) {
        fail(number);
        Report report;
        const Status inspected = inspect(disk, report);
        disk.set_fault_injector(nullptr);
        if (accesses < number) break;
        ++failures;
        // The journal's id is looked for in one file after another; what fails there hides nothing.
        const bool told = !inspected || !report.damage.empty();
        EXPECT_TRUE(told || report.records == 12) << "access " << number;
        // Each file and each window of it is read for itself.
        EXPECT_TRUE(!inspected || report.records >= 2) << "access " << number;
    }
    EXPECT_GT(failures, 6);
}

TEST_F(FaultSweep, ACreationThatFailsCanBeRepeated) {
    sweep(
        [&] {
            const auto made = try_open();
            return made.has_value();
        },
        [&] {
            journal.reset();
            for (const std::string& name : disk.names()) disk.erase(name);
            // What a creation that was interrupted leaves.
            disk.set_content(name_of(1) + ".tmp", {});
        }
    );
    EXPECT_GT(failures, 8);
    EXPECT_TRUE(kinds.contains(MemoryDisk::Operation::remove));
    open();
    write({"a"});
    EXPECT_EQ(read(), Records{"a"});
}

// A torn tail to cut, a torn header to mend, and prepared files of a size that is used no longer.
TEST_F(FaultSweep, ARepairThatFailsIsRepeatedByTheNextOpen) {
    options.file_size = 16384;
    open();
    write(Records(3, std::string(1000, 'x')));
    stop();
    ASSERT_EQ(disk.names().size(), 2) << "one file in use and one prepared";
    disk.set_content(name_of(3), std::vector<std::byte>(16384));
    overwrite(name_of(3), 0, std::string(100, '?'));
    overwrite(name_of(1), 12'288, std::string(512, '?'));
    MemoryDisk damaged;
    damaged.copy_from(disk);
    for (const std::uint64_t size : {16384U, 8192U}) {
        options.file_size = size;
        sweep(
            [&] { return try_open().has_value(); },
            [&] {
                disk.kill();
                EXPECT_EQ(must(try_read(Lsn{1}, Lsn{3})).size(), 3);
                disk.copy_from(damaged);
            }
        );
        disk.kill();
        open();
        EXPECT_FALSE(torn_tail) << "it was repaired for good";
        EXPECT_EQ(read().size(), 3);
        journal.reset();
        disk.copy_from(damaged);
    }
    EXPECT_TRUE(kinds.contains(MemoryDisk::Operation::remove));
    EXPECT_TRUE(kinds.contains(MemoryDisk::Operation::sync_directory));
}

// A removal whose directory could not be synced was forgotten: the file was gone, and every later
// removal failed because of that, so that old files filled the disk until the next start.
TEST_F(FaultSweep, ARemovalThatFailsLeavesNoGapAndIsRepeated) {
    open();
    write(Records(25, std::string(1000, 'x')));
    ASSERT_GE(journal->stats().file_count, 4);
    std::size_t files = journal->stats().file_count;
    sweep(
        [&] { return journal->remove_before(Lsn{26}, Timestamp::never()).has_value(); },
        [&] {
            EXPECT_LE(journal->stats().file_count, files);
            files = journal->stats().file_count;
            ASSERT_TRUE(scan(disk)) << "the files that are left follow each other";
            // The last record is still there.
            EXPECT_EQ(must(try_read(Lsn{25}, Lsn{25})).size(), 1);
        }
    );
    EXPECT_EQ(journal->stats().file_count, 1);
    EXPECT_TRUE(kinds.contains(MemoryDisk::Operation::remove));
    EXPECT_TRUE(kinds.contains(MemoryDisk::Operation::list));
}

TEST_F(FaultSweep, StoppingTwiceIsStoppingOnce) {
    open();
    write({"a"});
    journal->stop();
    const auto content = disk.content(name_of(1));
    journal->stop();
    EXPECT_EQ(disk.content(name_of(1)), content);
    EXPECT_THAT(fatal, IsEmpty());
}

}  // namespace
}  // namespace faregate::journal
