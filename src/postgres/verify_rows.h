#pragma once

#include <span>

namespace faregate::postgres {

/// Queries of (table, key, what) with at most $1 rows, for verify(): what sums of entries do not
/// show. They hold each row against the entries that made it, by LSN, time and order.
std::span<const char* const> row_checks() noexcept;

}  // namespace faregate::postgres
