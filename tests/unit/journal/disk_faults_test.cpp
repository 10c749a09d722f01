#include "journal_fixture.h"

namespace faregate::journal {
namespace {

using support::MemoryDisk;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class DiskFaults : public JournalFixture {
  protected:
    /// Refuses one kind of access, to files whose name ends so, from now on.
    void refuse(
        MemoryDisk::Operation operation, std::string suffix, ErrorCode code = ErrorCode::io
    ) {
        disk.set_fault_injector(
            [=, this](const MemoryDisk::Access& access) -> std::optional<Error> {
                if (access.operation != operation || !access.name.ends_with(suffix)) {
                    return std::nullopt;
                }
                ++refused;
                return Error{code, "cannot do it: Input/output error"};
            }
        );
    }

    int refused = 0;
};

TEST_F(DiskFaults, AFullDiskRefusesBeforeTheFileIsFullAndResumesByItself) {
    open();
    disk.set_capacity(options.file_size);
    const auto prepared = journal->prepare_once();
    ASSERT_FALSE(prepared);
    EXPECT_EQ(prepared.error().code, ErrorCode::unavailable);
    EXPECT_THAT(disk.names(), ElementsAre(name_of(1))) << "no temporary file keeps the space";

    const std::string record(400, 'x');
    std::uint64_t admitted = 0;
    Result<Lsn> appended;
    while ((appended = journal->append(record))) ++admitted;
    EXPECT_EQ(appended.error().code, ErrorCode::unavailable);
    EXPECT_THAT(appended.error().message, StartsWith("the journal disk is full: "));
    EXPECT_THAT(appended.error().message, HasSubstr("No space left on device"));
    EXPECT_EQ(admitted, 17) << "what fits the current file is still admitted";
    EXPECT_TRUE(journal->write_once());
    EXPECT_EQ(journal->durable_lsn(), Lsn{admitted});
    EXPECT_TRUE(fatal.empty()) << "what was admitted has its room";

    disk.set_capacity(10 * options.file_size);
    EXPECT_TRUE(must(journal->prepare_once()));
    EXPECT_EQ(must(journal->append(record)), Lsn{admitted + 1});
    journal->write_once();
    EXPECT_EQ(read(), Records(admitted + 1, record));
}

TEST_F(DiskFaults, AFailedPreparationIsNotFatal) {
    open();
    for (const auto operation :
         {MemoryDisk::Operation::write, MemoryDisk::Operation::sync,
          MemoryDisk::Operation::allocate, MemoryDisk::Operation::create,
          MemoryDisk::Operation::rename}) {
        refuse(operation, ".tmp");
        EXPECT_FALSE(journal->prepare_once());
        EXPECT_TRUE(must(journal->append("goes on")).value > 0);
        journal->write_once();
    }
    EXPECT_TRUE(fatal.empty());
    disk.set_fault_injector(nullptr);
    EXPECT_TRUE(must(journal->prepare_once()));
    write(Records(20, std::string(1000, 'x')));
    EXPECT_EQ(read().size(), 25);
}

TEST_F(DiskFaults, APreparationWhoseNameMayNotSurviveIsRepeated) {
    open();
    refuse(MemoryDisk::Operation::sync_directory, "");
    EXPECT_FALSE(journal->prepare_once());
    disk.set_fault_injector(nullptr);
    EXPECT_TRUE(must(journal->prepare_once()));
    write(Records(20, std::string(1000, 'x')));
    EXPECT_EQ(read().size(), 20);
}

TEST_F(DiskFaults, ADiskThatFailsOtherwiseSaysSoWhenTheFileIsFull) {
    open();
    refuse(MemoryDisk::Operation::sync, ".tmp");
    EXPECT_FALSE(journal->prepare_once());
    Result<Lsn> appended;
    while ((appended = journal->append(std::string(2000, 'x')))) continue;
    EXPECT_THAT(appended.error().message, StartsWith("the next journal file failed: "));
}

TEST_F(DiskFaults, BeforeTheFirstPreparationAFullFileSaysThatTheNextIsNotReady) {
    open();
    Result<Lsn> appended;
    while ((appended = journal->append(std::string(2000, 'x')))) continue;
    EXPECT_EQ(appended.error().message, "the next journal file is not ready yet");
}

TEST_F(DiskFaults, AFailedWriteIsFatalAndPublishesNothing) {
    open();
    write({"a"});
    must(journal->append("b"));
    refuse(MemoryDisk::Operation::write, ".journal");
    EXPECT_TRUE(journal->write_once());
    EXPECT_EQ(fatal.size(), 1);
    EXPECT_EQ(journal->durable_lsn(), Lsn{1});
    EXPECT_THAT(durable, ElementsAre(1));
}

// A later fsync that returns success says nothing about the pages of the one that failed.
TEST_F(DiskFaults, AFailedSyncIsFatalAndNeverRetried) {
    open();
    write({"a"});
    must(journal->append("b"));
    refuse(MemoryDisk::Operation::sync, ".journal");
    journal->write_once();
    EXPECT_EQ(fatal.size(), 1);
    EXPECT_EQ(refused, 1);

    disk.set_fault_injector(nullptr);
    EXPECT_FALSE(journal->write_once());
    const auto appended = journal->append("c");
    ASSERT_FALSE(appended);
    EXPECT_EQ(appended.error().message, "the journal failed");
    EXPECT_EQ(journal->wait_durable(Lsn{2}).error().code, ErrorCode::unavailable);
    EXPECT_FALSE(must(journal->prepare_once()));
    journal->stop();
    EXPECT_TRUE(journal->stats().failed);
    EXPECT_EQ(fatal.size(), 1);
    EXPECT_EQ(refused, 1);
    EXPECT_EQ(journal->durable_lsn(), Lsn{1});
    EXPECT_THAT(durable, ElementsAre(1));
}

TEST_F(DiskFaults, AFailureInTheMiddleOfABatchPublishesWhatWasSynced) {
    open();
    for (int i = 0; i < 2; ++i) must(journal->append(std::string(3000, 'x')));
    int syncs = 0;
    disk.set_fault_injector([&](const MemoryDisk::Access& access) -> std::optional<Error> {
        if (access.operation == MemoryDisk::Operation::sync && ++syncs == 2) {
            return Error{ErrorCode::io, "Input/output error"};
        }
        return std::nullopt;
    });
    must(journal->append("small"));
    journal->write_once();
    EXPECT_THAT(durable, ElementsAre(1));
    EXPECT_EQ(fatal.size(), 1);
}

TEST_F(DiskFaults, AFailedRotationIsFatal) {
    open();
    write(Records(5, std::string(1000, 'x')));
    ASSERT_EQ(journal->stats().file_count, 1);
    must(journal->append(std::string(3000, 'y')));
    refuse(MemoryDisk::Operation::sync, name_of(2));
    journal->write_once();
    EXPECT_EQ(fatal.size(), 1);
    EXPECT_EQ(journal->durable_lsn(), Lsn{5});
}

TEST_F(DiskFaults, AnUnreadableFileIsNotTakenForAnEmptyOne) {
    open();
    write({"a"});
    stop();
    refuse(MemoryDisk::Operation::read, ".journal");
    EXPECT_EQ(scan(disk).error().code, ErrorCode::io);
    EXPECT_EQ(try_read(Lsn{1}, Lsn{1}).error().code, ErrorCode::io);
    EXPECT_FALSE(try_open());
    disk.set_fault_injector(nullptr);
    open();
    EXPECT_THAT(read(), ElementsAre("a"));
}

TEST_F(DiskFaults, OpeningFailsWithoutHarmWhateverTheDiskRefuses) {
    open();
    write(Records(12, std::string(900, 'x')));
    crash();
    int accesses = 0;
    for (int failing = 1;; ++failing) {
        accesses = 0;
        disk.set_fault_injector([&](const MemoryDisk::Access&) -> std::optional<Error> {
            if (++accesses == failing) return Error{ErrorCode::io, "Input/output error"};
            return std::nullopt;
        });
        const bool opened = try_open().has_value();
        disk.set_fault_injector(nullptr);
        disk.kill();
        ASSERT_EQ(must(try_read(Lsn{1}, Lsn{12})).size(), 12) << failing;
        if (opened && accesses < failing) break;
    }
    EXPECT_GT(accesses, 10);
}

using DiskFaultsDeathTest = DiskFaults;

TEST_F(DiskFaultsDeathTest, ByDefaultAFailedSyncAbortsTheProcess) {
    options.on_fatal = nullptr;
    open();
    must(journal->append("a"));
    disk.set_fault_injector([](const MemoryDisk::Access&) {
        return Error{ErrorCode::io, "cannot write: Input/output error"};
    });
    EXPECT_DEATH(journal->write_once(), "the journal cannot be written: cannot write");
}

}  // namespace
}  // namespace faregate::journal
