#include <atomic>
#include <chrono>
#include <thread>

#include "journal_fixture.h"

namespace faregate::journal {
namespace {

using support::MemoryDisk;

// The journal on its own threads.
class JournalThreads : public JournalFixture {
  protected:
    JournalThreads() {
        options.file_size = 65536;
        options.frame_size_max = 16384;
        options.queue_size_max = 32768;
        options.prepare_retry_ms = 1;
        options.on_durable = nullptr;
        options.on_fatal = [this](const Error&) { ++failures; };
    }

    /// Appends however often it is refused.
    Lsn append(const std::string& record) {
        for (;;) {
            const auto lsn = journal->append(record);
            if (lsn) return *lsn;
            if (lsn.error().code != ErrorCode::unavailable) throw std::runtime_error("refused");
            std::this_thread::yield();
        }
    }

    std::atomic<int> failures = 0;
};

TEST_F(JournalThreads, AppendsOfManyThreadsGetDenseLsnsAndAllSurvive) {
    constexpr std::size_t thread_count = 4;
    constexpr std::size_t record_count = 2000;
    std::atomic<std::uint64_t> published = 0;
    options.on_durable = [&](Lsn lsn) { EXPECT_GT(lsn.value, published.exchange(lsn.value)); };
    open();
    journal->start();
    std::vector<std::vector<std::pair<Lsn, std::string>>> appended(thread_count);
    std::vector<std::thread> threads;
    for (std::size_t t = 0; t < thread_count; ++t) {
        threads.emplace_back([&, t] {
            for (std::size_t i = 0; i < record_count; ++i) {
                const std::string record = std::to_string(t) + ":" + std::to_string(i);
                appended[t].emplace_back(append(record), record);
                if (i % 100 == 0) must(journal->wait_durable(appended[t].back().first));
            }
        });
    }
    for (auto& thread : threads) thread.join();
    journal->stop();
    EXPECT_EQ(published, thread_count * record_count);

    std::vector<std::string> expected(thread_count * record_count);
    for (const auto& of_thread : appended) {
        Lsn last;
        for (const auto& [lsn, record] : of_thread) {
            EXPECT_GT(lsn, last);
            last = lsn;
            ASSERT_LE(lsn.value, expected.size());
            expected[lsn.value - 1] = record;
        }
    }
    journal.reset();
    disk.crash([](const auto&) { return std::size_t{0}; });
    open();
    EXPECT_EQ(read(), expected);
}

TEST_F(JournalThreads, AReaderFollowsOnItsOwnThread) {
    constexpr std::uint64_t record_count = 3000;
    open();
    journal->start();
    std::thread follower([&] {
        const auto reader = must(JournalReader::open(disk, Lsn{1}));
        std::uint64_t seen = 0;
        while (seen < record_count) {
            const auto record = must(reader->next(journal->durable_lsn()));
            if (!record) {
                std::this_thread::yield();
                continue;
            }
            ++seen;
            ASSERT_EQ(record->lsn, Lsn{seen});
            ASSERT_EQ(record->bytes, std::string(seen % 200, 'x'));
        }
    });
    for (std::uint64_t i = 1; i <= record_count; ++i) append(std::string(i % 200, 'x'));
    follower.join();
    journal->stop();
}

TEST_F(JournalThreads, AfterAFullDiskAppendsResumeByThemselves) {
    open();
    disk.set_capacity(options.file_size);
    journal->start();
    const std::string record(2000, 'x');
    Result<Lsn> appended;
    const auto refused_as_full = [&] {
        appended = journal->append(record);
        return !appended && appended.error().message.starts_with("the journal disk is full");
    };
    while (!refused_as_full()) std::this_thread::yield();
    disk.set_capacity(1 << 30);
    const Lsn lsn = append(record);
    must(journal->wait_durable(lsn));
    journal->stop();
    EXPECT_EQ(failures, 0);
    EXPECT_EQ(read(), Records(lsn.value, record));
}

TEST_F(JournalThreads, AFailedSyncEndsTheWaitOfEverybody) {
    open();
    journal->start();
    must(journal->wait_durable(append("a")));
    disk.set_fault_injector([](const MemoryDisk::Access& access) -> std::optional<Error> {
        if (access.operation != MemoryDisk::Operation::sync) return std::nullopt;
        return Error{ErrorCode::io, "Input/output error"};
    });
    const auto waited = journal->wait_durable(append("b"));
    ASSERT_FALSE(waited);
    EXPECT_EQ(waited.error().code, ErrorCode::unavailable);
    EXPECT_EQ(failures, 1);
    EXPECT_EQ(journal->durable_lsn(), Lsn{1});
    journal->stop();
    EXPECT_EQ(failures, 1);
}

TEST_F(JournalThreads, StopWakesWhoeverWaitsForWhatNeverCame) {
    open();
    journal->start();
    std::thread waiter([&] { EXPECT_FALSE(journal->wait_durable(Lsn{100})); });
    journal->stop();
    waiter.join();
}

TEST_F(JournalThreads, CanBeDestroyedAtAnyMoment) {
    for (int i = 0; i < 50; ++i) {
        open();
        journal->start();
        for (int j = 0; j < i; ++j) append("record");
        journal.reset();
    }
    open();
    EXPECT_EQ(read(), Records(journal->durable_lsn().value, "record"));
}

}  // namespace
}  // namespace faregate::journal
