#include "postgres/page_cursor.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <sstream>

#include "faregate/core/id.h"
#include "postgres/text.h"

namespace faregate::postgres {
namespace {

tl::unexpected<Error> unreadable() {
    return failure(
        ErrorCode::invalid_argument,
        "the cursor is not one that this list returned; leave it out to begin anew"
    );
}

bool is_bigint(const std::string& part) {
    std::int64_t value = 0;
    const char* const end = part.data() + part.size();
    const auto result = std::from_chars(part.data(), end, value);
    return result.ec == std::errc{} && result.ptr == end && value >= 0;
}

}  // namespace

std::string write_cursor(std::string_view kind, const std::vector<std::string>& parts) {
    std::string text(kind);
    for (const std::string& part : parts) text.append(" ").append(part);
    return to_hex(text);
}

Result<std::vector<std::string>> read_cursor(
    std::string_view kind, std::size_t count, const std::string& cursor
) {
    std::vector<std::string> parts;
    if (cursor.empty()) return parts;
    std::istringstream words(from_hex(cursor).value_or(""));
    std::string first;
    words >> first;
    for (std::string part; words >> part;) parts.push_back(part);
    if (first != kind || parts.size() != count) return unreadable();
    return parts;
}

Result<std::vector<std::string>> read_wallet_cursor(const std::string& cursor) {
    FG_TRY_ASSIGN(auto parts, read_cursor("wallets", 1, cursor));
    if (!parts.empty() && !WalletId::parse(parts[0])) return unreadable();
    return parts;
}

Result<std::vector<std::string>> read_grant_cursor(const std::string& cursor) {
    FG_TRY_ASSIGN(auto parts, read_cursor("grants", 1, cursor));
    if (!parts.empty() && !GrantId::parse(parts[0])) return unreadable();
    return parts;
}

Result<std::vector<std::string>> read_entry_cursor(const std::string& cursor) {
    FG_TRY_ASSIGN(auto parts, read_cursor("entries", 3, cursor));
    if (!std::all_of(parts.begin(), parts.end(), is_bigint)) return unreadable();
    return parts;
}

}  // namespace faregate::postgres
