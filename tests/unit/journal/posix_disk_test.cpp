#include "faregate/journal/posix_disk.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "journal_fixture.h"

namespace faregate::journal {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class PosixDisk : public ::testing::Test {
  protected:
    PosixDisk() {
        std::string pattern = std::filesystem::temp_directory_path() / "faregate-journal-XXXXXX";
        if (::mkdtemp(pattern.data()) == nullptr)
            throw std::runtime_error("no temporary directory");
        base = pattern;
        options.file_size = 65536;
        options.frame_size_max = 8192;
        options.record_size_max = 4096;
    }
    ~PosixDisk() override { std::filesystem::remove_all(base); }

    std::filesystem::path base;
    JournalOptions options;
};

TEST_F(PosixDisk, AJournalSurvivesOnRealFiles) {
    const auto directory = must(PosixDirectory::open(base / "journal"));
    std::vector<std::string> records;
    for (int i = 0; i < 300; ++i)
        records.push_back("record " + std::to_string(i) + std::string(900, '.'));
    {
        auto journal = must(Journal::create(*directory, must(directory->lock()), {}, options));
        journal->start();
        Lsn last;
        for (const auto& record : records) {
            Result<Lsn> lsn;
            while (!(lsn = journal->append(record))) ::usleep(100);
            last = *lsn;
        }
        must(journal->wait_durable(last));
        EXPECT_GT(journal->stats().file_count, 3);
    }
    const auto recovery = must(scan(*directory));
    EXPECT_EQ(recovery->last_lsn, Lsn{300});
    auto journal = must(Journal::open(*directory, must(directory->lock()), *recovery, {}, options));
    const auto reader = must(JournalReader::open(*directory, Lsn{1}));
    for (const auto& record : records) {
        ASSERT_EQ(must(reader->next(Lsn{300}))->bytes, record);
    }
    EXPECT_GT(must(journal->remove_before(Lsn{301}, Timestamp::never())), 2);
    EXPECT_EQ(journal->stats().file_count, 1);
}

TEST_F(PosixDisk, TheLockKeepsASecondHolderOut) {
    const auto directory = must(PosixDirectory::open(base));
    const auto again = must(PosixDirectory::open(base));
    auto lock = must(directory->lock());
    const auto second = again->lock();
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, ErrorCode::unavailable);
    EXPECT_THAT(second.error().message, HasSubstr("process " + std::to_string(::getpid())));
    lock.reset();
    EXPECT_TRUE(again->lock());
}

TEST_F(PosixDisk, TheLockEndsWithTheProcess) {
    const auto directory = must(PosixDirectory::open(base));
    const pid_t child = ::fork();
    if (child == 0) {
        const auto lock = directory->lock();
        ::_exit(lock ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
    EXPECT_TRUE(directory->lock());
}

TEST_F(PosixDisk, ALockKnowsTheOwnerThatSignedItInThisDirectory) {
    const auto directory = must(PosixDirectory::open(base / "journal"));
    EXPECT_EQ(must(directory->lock())->ended_owner(), std::nullopt) << "nobody owned it";
    EXPECT_EQ(must(directory->lock())->ended_owner(), std::nullopt) << "who locks owns nothing";
    must(directory->lock())->sign(Epoch{7});
    EXPECT_EQ(must(directory->lock())->ended_owner(), Epoch{7});
    EXPECT_EQ(must(directory->lock())->ended_owner(), Epoch{7}) << "who only locks changes nothing";

    std::filesystem::copy(base / "journal", base / "copy");
    const auto copy = must(PosixDirectory::open(base / "copy"));
    EXPECT_EQ(must(copy->lock())->ended_owner(), std::nullopt) << "the original may be held";
    EXPECT_EQ(must(copy->lock())->ended_owner(), std::nullopt) << "and still may";

    std::filesystem::rename(base / "journal", base / "moved");
    const auto moved = must(PosixDirectory::open(base / "moved"));
    EXPECT_EQ(must(moved->lock())->ended_owner(), Epoch{7}) << "it is the same directory";

    std::filesystem::remove(base / "moved" / "LOCK");
    EXPECT_EQ(must(moved->lock())->ended_owner(), std::nullopt);
}

TEST_F(PosixDisk, FilesAreListedWithSizeAndTime) {
    const auto directory = must(PosixDirectory::open(base));
    std::filesystem::create_directory(base / "subdirectory");
    auto file = must(directory->create("a"));
    const std::array<std::byte, 5> bytes{};
    must(file->allocate(4096));
    must(file->write_at(4094, bytes));
    must(file->sync());
    const auto files = must(directory->list());
    ASSERT_EQ(files.size(), 1);
    EXPECT_EQ(files[0].name, "a");
    EXPECT_EQ(files[0].size, 4099);
    EXPECT_EQ(must(file->size()), 4099);
    const auto age = SystemClock().now() - files[0].modified_at;
    EXPECT_LT(age, Duration::seconds(60));
    EXPECT_GT(age, Duration::seconds(-60));
}

TEST_F(PosixDisk, AReadEndsWhereTheFileEnds) {
    const auto directory = must(PosixDirectory::open(base));
    auto file = must(directory->create("a"));
    must(file->write_at(0, std::array<std::byte, 5>{}));
    std::array<std::byte, 8> out;
    EXPECT_EQ(must(file->read_at(2, out)), 3);
    EXPECT_EQ(must(file->read_at(5, out)), 0);
}

TEST_F(PosixDisk, ErrorsNameTheFile) {
    const auto directory = must(PosixDirectory::open(base));
    const std::string path = base / "nothing";
    const std::vector<Error> errors = {
        directory->open("nothing", OpenMode::read).error(),
        directory->remove("nothing").error(),
        directory->rename("nothing", "something").error(),
    };
    for (const Error& error : errors) {
        EXPECT_EQ(error.code, ErrorCode::not_found);
        EXPECT_THAT(error.message, HasSubstr(path));
        EXPECT_THAT(error.message, HasSubstr("No such file"));
    }
    EXPECT_EQ(PosixDirectory::open_existing(path).error().code, ErrorCode::not_found);
    EXPECT_EQ(PosixDirectory::open(base / "no" / "parent").error().code, ErrorCode::not_found);
    must(directory->create("read"));
    const auto file = must(directory->open("read", OpenMode::read));
    EXPECT_EQ(file->write_at(0, std::array<std::byte, 1>{}).error().code, ErrorCode::io);
}

TEST_F(PosixDisk, RenameReplaces) {
    const auto directory = must(PosixDirectory::open(base));
    must(must(directory->create("a"))->write_at(0, std::array<std::byte, 5>{}));
    must(directory->create("b"));
    must(directory->rename("a", "b"));
    must(directory->sync());
    const auto files = must(directory->list());
    ASSERT_EQ(files.size(), 1);
    EXPECT_EQ(files[0].size, 5);
}

// /dev/full takes no bytes and cannot be synced: what a full disk says, without filling one.
TEST_F(PosixDisk, AFullDiskIsUnavailableAndOtherRefusalsAreNot) {
    const auto directory = must(PosixDirectory::open(base));
    std::filesystem::create_symlink("/dev/full", base / "full");
    const auto file = must(directory->open("full", OpenMode::read_write));
    const Error full = file->write_at(7, std::array<std::byte, 1>{}).error();
    EXPECT_EQ(full.code, ErrorCode::unavailable);
    EXPECT_THAT(full.message, HasSubstr("cannot write " + (base / "full").string()));
    EXPECT_THAT(full.message, HasSubstr("at offset 7: No space left on device"));
    const Error unsynced = file->sync().error();
    EXPECT_EQ(unsynced.code, ErrorCode::io);
    EXPECT_THAT(unsynced.message, HasSubstr("cannot sync"));
    const Error unallocated = file->allocate(4096).error();
    EXPECT_EQ(unallocated.code, ErrorCode::io);
    EXPECT_THAT(unallocated.message, HasSubstr("cannot allocate space"));
}

TEST_F(PosixDisk, WhatIsNoFileCannotBeUsedAsOne) {
    const auto directory = must(PosixDirectory::open(base));
    std::filesystem::create_directory(base / "subdirectory");
    const auto file = must(directory->open("subdirectory", OpenMode::read));
    std::array<std::byte, 8> out;
    EXPECT_THAT(file->read_at(0, out).error().message, HasSubstr("Is a directory"));
    EXPECT_THAT(directory->create("subdirectory").error().message, HasSubstr("cannot create"));
    std::filesystem::create_directory(base / "LOCK");
    EXPECT_THAT(directory->lock().error().message, HasSubstr("LOCK: Is a directory"));
}

TEST_F(PosixDisk, WhatIsNoDirectoryCannotBeUsedAsOne) {
    const auto directory = must(PosixDirectory::open(base));
    must(directory->create("file"));
    const auto error = PosixDirectory::open(base / "file").error();
    EXPECT_EQ(error.code, ErrorCode::io);
    EXPECT_THAT(error.message, HasSubstr("Not a directory"));
}

TEST_F(PosixDisk, ANameWithoutAFileIsLeftOutOfTheListAndABrokenOneIsTold) {
    const auto directory = must(PosixDirectory::open(base));
    must(directory->create("a"));
    std::filesystem::create_symlink("nowhere", base / "dangling");
    ASSERT_EQ(must(directory->list()).size(), 1);
    std::filesystem::create_symlink("loop", base / "loop");
    const Error error = directory->list().error();
    EXPECT_EQ(error.code, ErrorCode::io);
    EXPECT_THAT(error.message, HasSubstr("cannot look at " + (base / "loop").string()));
}

TEST_F(PosixDisk, ADirectoryThatIsGoneCannotBeUsed) {
    const auto directory = must(PosixDirectory::open(base / "gone"));
    std::filesystem::remove(base / "gone");
    EXPECT_EQ(directory->create("a").error().code, ErrorCode::not_found);
    EXPECT_EQ(directory->lock().error().code, ErrorCode::not_found);
}

// The lock is the flock; its holder may not have written its number yet.
TEST_F(PosixDisk, ALockWithoutANumberIsHeldAllTheSame) {
    const auto directory = must(PosixDirectory::open(base));
    const int descriptor = ::open((base / "LOCK").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    ASSERT_GE(descriptor, 0);
    ASSERT_EQ(::flock(descriptor, LOCK_EX | LOCK_NB), 0);
    const auto refused = directory->lock();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::unavailable);
    EXPECT_THAT(refused.error().message, HasSubstr("in use by another process"));
    ::close(descriptor);
    EXPECT_TRUE(directory->lock());
}

}  // namespace
}  // namespace faregate::journal
