#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "faregate/core/result.h"

namespace faregate::postgres {

/// What a key may do. `admin` includes the others.
enum class Scope : std::uint8_t { authorize = 1, read = 2, admin = 4 };

using KeyDigest = std::array<std::uint8_t, 32>;  ///< SHA-256 of the secret

struct ApiKey {
    std::string id;  ///< `key_...`, safe to show and log
    std::string name;
    std::uint8_t scopes = 0;  ///< a union of Scope
    KeyDigest digest{};
    std::string created_at;
    std::optional<std::string> revoked_at;
};

struct CreatedKey {
    ApiKey key;
    std::string secret;  ///< `fg_...`; shown once, stored nowhere
};

KeyDigest digest_of(std::string_view secret);
const char* to_string(Scope scope) noexcept;
std::optional<Scope> parse_scope(std::string_view text) noexcept;

// Each opens a connection of its own. Error `unavailable`: PostgreSQL is away.
Result<CreatedKey> create_key(
    const std::string& database_url, const std::string& name, std::uint8_t scopes
);
/// All keys, revoked ones too, oldest first.
Result<std::vector<ApiKey>> list_keys(const std::string& database_url);
/// `not_found` if there is none; revoking twice is fine.
Status revoke_key(const std::string& database_url, const std::string& id);

}  // namespace faregate::postgres
