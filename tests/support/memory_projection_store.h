#pragma once

#include "support/memory_database.h"

namespace faregate::support {

/// One server's connection to a MemoryDatabase, which must outlive it. Answers as PostgreSQL would,
/// and fails on demand. Not thread-safe.
class MemoryProjectionStore final : public engine::ProjectionStore {
  public:
    explicit MemoryProjectionStore(MemoryDatabase& database) : database_(database) {}

    Result<std::optional<engine::Claim>> current() override;
    Result<engine::Claim> claim(const JournalId& journal, Epoch above, bool replace) override;
    Status load(Duration kept, engine::StateSink& sink) override;
    Result<Lsn> applied_lsn() override;
    Status commit(const engine::ProjectionBatch& batch) override;

    /// From now on every call is `unavailable`, until come_back().
    void go_away() { away_ = true; }
    void come_back() { away_ = false; }
    /// The next commit takes place, and its answer is lost.
    void lose_next_answer() { lose_answer_ = true; }
    /// The next commit does not take place, and says so.
    void refuse_next_commit() { refuse_commit_ = true; }

    std::uint64_t commit_count() const noexcept { return commit_count_; }
    std::uint64_t applied_lsn_count() const noexcept { return applied_lsn_count_; }

  private:
    Status connect() const;
    /// The database as this owner may see it; `fenced` if another one has taken over.
    Result<MemoryDatabase::Owner*> owned();

    MemoryDatabase& database_;
    std::optional<engine::Claim> claim_;
    bool away_ = false;
    bool lose_answer_ = false;
    bool refuse_commit_ = false;
    std::uint64_t commit_count_ = 0;
    std::uint64_t applied_lsn_count_ = 0;
};

}  // namespace faregate::support
