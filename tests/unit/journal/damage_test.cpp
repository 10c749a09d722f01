#include "journal_fixture.h"

namespace faregate::journal {
namespace {

using support::MemoryDisk;

// Every byte of a small journal, damaged in turn: each time recovery either finds exactly what it
// must, or refuses and names the place.
class DamagedJournal : public JournalFixture {
  protected:
    void write_journal() {
        options.file_size = 4096;
        options.frame_size_max = 2048;
        options.record_size_max = 1500;
        options.on_fatal = nullptr;
        open();
        for (int i = 0; i < 9; ++i) {
            records.push_back(
                std::string(300 + 97U * static_cast<unsigned>(i), static_cast<char>('a' + i))
            );
        }
        write(records);
        must(journal->prepare_once());
        last = journal->durable_lsn();
    }

    /// Opens the damaged disk; reads all of it if that works. True if everything is there; false if
    /// it was refused or lost `may_lose` records at the end.
    bool check(std::size_t may_lose, Lsn applied_lsn) {
        auto opened = try_open(applied_lsn);
        Result<Records> found;
        if (opened) {
            EXPECT_GE((*opened)->durable_lsn().value + may_lose, last.value);
            found = try_read(Lsn{1}, (*opened)->durable_lsn());
        }
        if (!opened || !found) {
            const Error& error = opened ? found.error() : opened.error();
            EXPECT_EQ(error.code, ErrorCode::corruption) << error.message;
            EXPECT_NE(error.message.find(".journal is damaged at offset "), std::string::npos);
            return false;
        }
        EXPECT_GE(found->size() + may_lose, records.size());
        EXPECT_TRUE(std::equal(found->begin(), found->end(), records.begin()));
        return found->size() == records.size();
    }

    Records records;
    Lsn last;
};

TEST_F(DamagedJournal, AFlippedBitInAStoppedJournalLosesNothing) {
    write_journal();
    stop();
    MemoryDisk original;
    original.copy_from(disk);
    int refused = 0;
    for (const std::string& name : original.names()) {
        for (std::size_t offset = 0; offset < 4096; ++offset) {
            SCOPED_TRACE(name + " " + std::to_string(offset));
            disk.copy_from(original);
            disk.flip_bit(name, offset, static_cast<unsigned>(offset % 8));
            if (!check(0, Lsn{})) ++refused;
            if (HasFailure()) return;
        }
    }
    EXPECT_GT(refused, 6000);
}

TEST_F(DamagedJournal, AFlippedBitInAKilledJournalLosesTheLastRecordAtMost) {
    write_journal();
    journal.reset();
    disk.kill();
    MemoryDisk original;
    original.copy_from(disk);
    for (const std::string& name : original.names()) {
        for (std::size_t offset = 0; offset < 4096; offset += 3) {
            SCOPED_TRACE(name + " " + std::to_string(offset));
            disk.copy_from(original);
            disk.flip_bit(name, offset, static_cast<unsigned>(offset % 8));
            const bool complete = check(1, Lsn{});
            disk.copy_from(original);
            disk.flip_bit(name, offset, static_cast<unsigned>(offset % 8));
            const bool complete_if_applied = check(0, last);
            EXPECT_EQ(complete, complete_if_applied);
            if (HasFailure()) return;
        }
    }
}

// The disk lost everything from some byte on, as a cut does that is filled up again.
TEST_F(DamagedJournal, AnEndThatBecameZerosIsAPrefixOrIsRefused) {
    write_journal();
    journal.reset();
    disk.kill();
    const auto last_frame = data_frames().back();
    MemoryDisk original;
    original.copy_from(disk);
    const std::size_t end = static_cast<std::size_t>(last_frame.offset + last_frame.size);
    for (std::size_t offset = 512; offset < end; ++offset) {
        SCOPED_TRACE(offset);
        disk.copy_from(original);
        overwrite(last_frame.file, offset, std::string(4096 - offset, '\0'));
        check(records.size(), Lsn{});
        disk.copy_from(original);
        overwrite(last_frame.file, offset, std::string(4096 - offset, '\0'));
        check(0, last);
        if (HasFailure()) return;
    }
}

TEST_F(DamagedJournal, ACutAtAnyByteIsRefused) {
    write_journal();
    journal.reset();
    disk.kill();
    for (const std::string& name : disk.names()) {
        const auto content = disk.content(name);
        for (std::size_t size = 0; size < 4096; ++size) {
            disk.set_content(
                name, {content.begin(), content.begin() + static_cast<std::ptrdiff_t>(size)}
            );
            const auto found = scan(disk);
            ASSERT_FALSE(found) << name << " " << size;
            ASSERT_EQ(found.error().code, ErrorCode::corruption);
        }
        disk.set_content(name, content);
    }
}

// Writes, crashes at a random access, recovers, again and again on one disk. What was published
// must be there, what is there must be what was appended, and the journal must always come back.
TEST_F(DamagedJournal, RandomCrashesLoseNothingThatWasPublished) {
    for (std::uint32_t seed = 1; seed <= 40; ++seed) {
        SCOPED_TRACE(seed);
        std::mt19937_64 random(seed);
        disk.copy_from(MemoryDisk());
        options.file_size = 4096;
        options.frame_size_max = 2048;
        options.record_size_max = 1500;
        options.queue_size_max = 8192;
        Records appended;
        std::uint64_t published = 0;
        options.on_durable = [&](Lsn lsn) { published = lsn.value; };
        options.on_fatal = [](const Error&) {};
        for (int round = 0; round < 25; ++round) {
            journal = must(try_open(Lsn{published}));
            const std::uint64_t kept = journal->durable_lsn().value;
            ASSERT_GE(kept, published);
            ASSERT_LE(kept, appended.size());
            appended.resize(kept);
            ASSERT_EQ(must(try_read(Lsn{1}, Lsn{kept})), appended);
            published = kept;

            std::uint64_t accesses_left = 1 + random() % 60;
            disk.set_fault_injector([&](const MemoryDisk::Access&) -> std::optional<Error> {
                if (accesses_left > 0) --accesses_left;
                if (accesses_left > 0) return std::nullopt;
                return Error{ErrorCode::io, "the power is gone"};
            });
            while (accesses_left > 0) {
                const std::string record(random() % 1500, static_cast<char>('a' + random() % 26));
                if (journal->append(record)) appended.push_back(record);
                if (random() % 3 == 0) static_cast<void>(journal->prepare_once().has_value());
                if (random() % 2 == 0) journal->write_once();
            }
            disk.set_fault_injector(nullptr);
            journal.reset();
            if (random() % 4 == 0) {
                disk.kill();
            } else {
                disk.crash(random);
            }
        }
    }
}

}  // namespace
}  // namespace faregate::journal
