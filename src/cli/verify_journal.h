#pragma once

#include "cli/settings.h"
#include "faregate/core/lsn.h"
#include "faregate/core/result.h"
#include "faregate/postgres/journal_comparison.h"

namespace faregate::cli {

struct JournalVerdict {
    Lsn first_lsn;  ///< of the records that were compared
    Lsn last_lsn;
    postgres::ComparisonReport report;
};

/// Compares the database with the records that the journal in the data directory still has. May run
/// beside a server.
Result<JournalVerdict> verify_journal(const Settings& settings, std::uint32_t limit);

}  // namespace faregate::cli
