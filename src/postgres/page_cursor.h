#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "faregate/core/result.h"

namespace faregate::postgres {

// Where a page ends, as a text that clients hand back and do not look into.

/// `kind` keeps the cursor of one list from being used with another. Parts hold no spaces.
std::string write_cursor(std::string_view kind, const std::vector<std::string>& parts);

/// The parts, or none for an empty cursor. `invalid_argument` if `cursor` is not one of this kind
/// with `count` parts.
Result<std::vector<std::string>> read_cursor(
    std::string_view kind, std::size_t count, const std::string& cursor
);

/// The same for wallets and grants: an id, checked, since anything else may be what the database
/// cannot even be asked for.
Result<std::vector<std::string>> read_wallet_cursor(const std::string& cursor);
Result<std::vector<std::string>> read_grant_cursor(const std::string& cursor);

/// The same for entries: the time in microseconds, the LSN and the sequence, all checked.
Result<std::vector<std::string>> read_entry_cursor(const std::string& cursor);

}  // namespace faregate::postgres
