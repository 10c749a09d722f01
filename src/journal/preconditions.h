#pragma once

#include "faregate/journal/journal.h"

namespace faregate::journal {

/// `invalid_argument` if the options contradict each other.
Status check(const JournalOptions& options);

/// Whether the journal may go on so: `corruption` if PostgreSQL is ahead of it or a record between
/// the two is missing, `fenced` if the epoch is below the journal's.
Status check(const Directory& directory, const Recovery& recovery, const Resumption& start);

}  // namespace faregate::journal
