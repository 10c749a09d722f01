#include "cli/serve/projector_thread.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>

#include "faregate/core/mutex.h"
#include "faregate/engine/record.h"
#include "faregate/journal/journal.h"
#include "faregate/journal/reader.h"
#include "support/manual_clock.h"
#include "support/memory_disk.h"

namespace faregate::cli {
namespace {

using std::chrono::milliseconds;

constexpr int patience_ms = 20'000;

/// A database that goes away, falls back and changes hands when the test says so.
class FakeStore final : public engine::ProjectionStore {
  public:
    Result<std::optional<engine::Claim>> current() override { return std::nullopt; }
    Result<engine::Claim> claim(const JournalId&, Epoch, bool) override { return engine::Claim{}; }
    Status load(Duration, engine::StateSink&) override { return {}; }

    Result<Lsn> applied_lsn() override {
        MutexLock lock(mutex_);
        if (error_) return tl::unexpected<Error>(*error_);
        return applied_;
    }
    Status commit(const engine::ProjectionBatch& batch) override {
        MutexLock lock(mutex_);
        if (error_) return tl::unexpected<Error>(*error_);
        if (batch.first != applied_.next()) return failure(ErrorCode::unavailable, "elsewhere");
        applied_ = batch.last;
        records_ += batch.last.value - batch.first.value + 1;
        return {};
    }

    void fail(std::optional<Error> error) {
        MutexLock lock(mutex_);
        error_ = std::move(error);
    }
    void fall_back_to(Lsn lsn) {
        MutexLock lock(mutex_);
        applied_ = lsn;
    }
    Lsn applied() {
        MutexLock lock(mutex_);
        return applied_;
    }
    std::uint64_t records() {
        MutexLock lock(mutex_);
        return records_;
    }

  private:
    Mutex mutex_;
    Lsn applied_ FG_GUARDED_BY(mutex_);
    std::uint64_t records_ FG_GUARDED_BY(mutex_) = 0;
    std::optional<Error> error_ FG_GUARDED_BY(mutex_);
};

class ProjectorThreadTest : public testing::Test {
  protected:
    ProjectorThreadTest() {
        journal::JournalOptions options;
        options.file_size = 65'536;
        options.frame_size_max = 8'192;
        options.record_size_max = 4'096;
        options.queue_size_max = 65'536;
        options.on_durable = [this](Lsn lsn) { durable_.publish(lsn); };
        auto created = journal::Journal::create(disk_, *disk_.lock(), {}, options);
        journal_ = std::move(*created);
        journal_->start();
        thread_ = std::make_unique<ProjectorThread>(
            store_, [this](Lsn first) { return journal::JournalReader::open(disk_, first); },
            durable_, applied_, lease_, 1'000,
            [this](const Error& error) {
                MutexLock lock(mutex_);
                final_error_ = error;
            }
        );
        thread_->start();
    }

    Lsn append(int count) {
        engine::Record record;
        record.mutation.wallet = WalletId::trusted("acme");
        std::string bytes;
        engine::encode_record(record.mutation, nullptr, "", bytes);
        Lsn last;
        for (int i = 0; i < count; ++i) last = journal_->append(bytes).value_or(Lsn{});
        return last;
    }

    template <typename Condition>
    static bool eventually(Condition condition) {
        for (int waited = 0; waited < patience_ms; waited += 10) {
            if (condition()) return true;
            std::this_thread::sleep_for(milliseconds(10));
        }
        return condition();
    }

    std::optional<ErrorCode> final_error() {
        MutexLock lock(mutex_);
        return final_error_ ? std::optional(final_error_->code) : std::nullopt;
    }

    support::MemoryDisk disk_;
    FakeStore store_;
    engine::Watermark durable_;
    engine::Watermark applied_;
    support::ManualMonotonicClock clock_;
    node::Lease lease_{clock_};
    Mutex mutex_;
    std::optional<Error> final_error_ FG_GUARDED_BY(mutex_);
    std::unique_ptr<journal::Journal> journal_;
    std::unique_ptr<ProjectorThread> thread_;
};

TEST_F(ProjectorThreadTest, MovesWhatIsDurable) {
    const auto last = append(50);
    EXPECT_TRUE(applied_.wait(last, patience_ms));
    EXPECT_EQ(store_.applied(), last);
    EXPECT_EQ(store_.records(), 50U);
}

TEST_F(ProjectorThreadTest, WaitsOutTheAbsenceOfTheDatabase) {
    store_.fail(Error{ErrorCode::unavailable, "connection refused"});
    const auto last = append(10);
    EXPECT_TRUE(eventually([&] { return !thread_->database_reachable(); }));
    EXPECT_LT(applied_.value(), last);
    store_.fail(std::nullopt);
    EXPECT_TRUE(applied_.wait(last, patience_ms));
    EXPECT_TRUE(eventually([&] { return thread_->database_reachable(); }));
    EXPECT_EQ(store_.records(), 10U);
}

TEST_F(ProjectorThreadTest, NoticesAnAbsenceWhileIdle) {
    store_.fail(Error{ErrorCode::unavailable, "connection refused"});
    EXPECT_TRUE(eventually([&] { return !thread_->database_reachable(); }));
    store_.fail(std::nullopt);
    EXPECT_TRUE(eventually([&] { return thread_->database_reachable(); }));
}

TEST_F(ProjectorThreadTest, ReportsThatItIsFencedWhileIdle) {
    store_.fail(Error{ErrorCode::fenced, "another server has taken over"});
    EXPECT_TRUE(eventually([&] { return final_error() == ErrorCode::fenced; }));
}

TEST_F(ProjectorThreadTest, CatchesUpADatabaseThatFellBackWhileIdle) {
    const auto last = append(10);
    ASSERT_TRUE(applied_.wait(last, patience_ms));
    store_.fall_back_to(Lsn{4});
    EXPECT_TRUE(eventually([&] { return store_.applied() == last; }));
    EXPECT_EQ(store_.records(), 16U);
    EXPECT_EQ(applied_.value(), last);
}

TEST_F(ProjectorThreadTest, DrainsWhatIsDurable) {
    const auto last = append(200);
    journal_->stop();
    EXPECT_TRUE(thread_->drain(milliseconds(patience_ms), [] { return false; }));
    EXPECT_EQ(store_.applied(), last);
}

TEST_F(ProjectorThreadTest, GivesUpDrainingWhenTimeIsOver) {
    store_.fail(Error{ErrorCode::unavailable, "connection refused"});
    append(1);
    journal_->stop();
    EXPECT_FALSE(thread_->drain(milliseconds(50), [] { return false; }));
    EXPECT_FALSE(thread_->drain(milliseconds(patience_ms), [] { return true; }));
}

}  // namespace
}  // namespace faregate::cli
