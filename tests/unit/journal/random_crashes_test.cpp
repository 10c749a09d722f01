#include "journal_fixture.h"

namespace faregate::journal {
namespace {

using support::MemoryDisk;

class RandomCrashes : public JournalFixture {};

// Writes, crashes at a random access, recovers, again and again on one disk. What was published
// must be there, what is there must be what was appended, and the journal must always come back.
TEST_F(RandomCrashes, LoseNothingThatWasPublished) {
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
