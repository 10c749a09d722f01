#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace faregate::ledger {

/// The answer to a command, in order of precedence: a command that fails in several ways fails with
/// the first of them. The names are the `code` of problem details, and stand in journal and
/// database as they stand here.
enum class Outcome : std::uint8_t {
    accepted,
    idempotency_key_reused,  ///< the same key came with another body
    wallet_not_found,
    authorization_not_found,
    grant_not_found,
    asset_not_found,
    wallet_exists,
    asset_exists,
    asset_not_held,  ///< the authorization holds nothing of this asset, or the asset is not named
    invalid_amount,  ///< see Receipt::fault
    invalid_expiry,  ///< a grant that would expire before it is effective
    balance_too_large,
    wallet_frozen,
    authorization_state,   ///< captured, voided or expired already
    grant_state,           ///< expired or revoked already
    overdraft_in_use,      ///< the new limit is below what is drawn
    capture_exceeds_hold,  ///< under the over-capture policy `reject`
    insufficient_funds,
};

inline constexpr int outcome_count = static_cast<int>(Outcome::insufficient_funds) + 1;

const char* to_string(Outcome outcome) noexcept;
std::optional<Outcome> parse_outcome(std::string_view text) noexcept;

}  // namespace faregate::ledger
