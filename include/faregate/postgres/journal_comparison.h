#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "faregate/core/id.h"
#include "faregate/core/lsn.h"
#include "faregate/core/result.h"
#include "faregate/engine/record.h"
#include "faregate/postgres/queries.h"

namespace faregate::postgres {

struct ComparisonReport {
    std::vector<Discrepancy> found;  ///< the first ones, up to the limit
    std::uint64_t found_count = 0;   ///< all
    std::uint64_t record_count = 0;
    std::uint64_t entry_count = 0;
};

/// Compares the database with the records of the journal that made it: every entry, the terms of
/// grants, debits, answers under idempotency keys, and the policies of wallets. Finds what was
/// changed by hand so that all sums still agree. Streams, from one snapshot of its own.
///
/// Throws nothing; an error ends the comparison. One thread at a time.
class JournalComparison {
  public:
    static Result<std::unique_ptr<JournalComparison>> open(
        const std::string& database_url, std::uint32_t limit
    );
    ~JournalComparison();

    /// The journal that the database belongs to, and how far it has come.
    const JournalId& journal() const noexcept;
    Lsn applied_lsn() const noexcept;

    /// The next record, by rising LSN, up to applied_lsn(). What is between two that do not follow
    /// each other is not compared.
    Status add(Lsn lsn, const engine::Record& record);
    /// After the last record. Once.
    Result<ComparisonReport> finish();

  private:
    class Impl;
    explicit JournalComparison(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace faregate::postgres
