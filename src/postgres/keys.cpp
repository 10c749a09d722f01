#include "faregate/postgres/keys.h"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>

#include "faregate/core/assert.h"
#include "faregate/core/time.h"
#include "postgres/connection.h"
#include "postgres/error.h"
#include "postgres/patience.h"
#include "postgres/text.h"

namespace faregate::postgres {
namespace {

struct ScopeName {
    Scope scope;
    const char* name;
};
constexpr std::array<ScopeName, 3> scope_names{
    {{Scope::authorize, "authorize"}, {Scope::read, "read"}, {Scope::admin, "admin"}}};

/// 5 random bits for each character, of the alphabet of ids.
std::string random_text(std::size_t length) {
    constexpr std::string_view alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
    std::string bytes(length, '\0');
    const int ok =
        RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(length));
    FG_ASSERT(ok == 1, "the system has no random numbers");
    for (char& c : bytes) c = alphabet[static_cast<unsigned char>(c) & 31];
    return bytes;
}

/// As PostgreSQL's array literal. The names need no quotes.
std::string scopes_text(std::uint8_t scopes) {
    std::string text;
    for (const auto& [scope, name] : scope_names) {
        if ((scopes & static_cast<std::uint8_t>(scope)) == 0) continue;
        text += (text.empty() ? "" : ",") + std::string(name);
    }
    return "{" + text + "}";
}

std::uint8_t read_scopes(std::string_view names) {
    std::uint8_t scopes = 0;
    while (!names.empty()) {
        const std::string_view name = names.substr(0, names.find(','));
        names.remove_prefix(std::min(names.size(), name.size() + 1));
        // A scope that this version does not know gives no rights.
        if (const auto scope = parse_scope(name)) scopes |= static_cast<std::uint8_t>(*scope);
    }
    return scopes;
}

const std::string& columns() {
    static const std::string columns = "id, name, array_to_string(scopes, ','), digest, " +
                                       micros_of("created_at") + ", " + micros_of("revoked_at");
    return columns;
}

template <typename Row>
ApiKey read_key(const Row& row) {
    ApiKey key;
    key.id = row[0].c_str();
    key.name = row[1].c_str();
    key.scopes = read_scopes(row[2].c_str());
    const std::string digest = read_bytea(row[3].c_str());
    FG_ASSERT(digest.size() == key.digest.size(), "the table's constraint sees to the length");
    std::copy(digest.begin(), digest.end(), key.digest.begin());
    key.created_at = to_rfc3339(read_timestamp(row[4].c_str()));
    if (!row[5].is_null()) key.revoked_at = to_rfc3339(read_timestamp(row[5].c_str()));
    return key;
}

constexpr auto statement_timeout = Duration::seconds(10);
/// A server that lists its keys for ever would never hear that one was revoked.
constexpr auto answer_timeout = Duration::seconds(15);

SessionOptions session_options() {
    SessionOptions options;
    options.statement_timeout = statement_timeout;
    return options;
}

}  // namespace

KeyDigest digest_of(std::string_view secret) {
    KeyDigest digest{};
    unsigned length = 0;
    const int ok =
        EVP_Digest(secret.data(), secret.size(), digest.data(), &length, EVP_sha256(), nullptr);
    FG_ASSERT(ok == 1 && length == digest.size(), "SHA-256 cannot fail");
    return digest;
}

const char* to_string(Scope scope) noexcept {
    for (const auto& [candidate, name] : scope_names) {
        if (candidate == scope) return name;
    }
    return "unknown";
}

std::optional<Scope> parse_scope(std::string_view text) noexcept {
    for (const auto& [scope, name] : scope_names) {
        if (text == name) return scope;
    }
    return std::nullopt;
}

Result<CreatedKey> create_key(
    const std::string& database_url, const std::string& name, std::uint8_t scopes
) {
    if (name.empty()) return failure(ErrorCode::invalid_argument, "a key needs a name");
    if (scopes_text(scopes) == "{}") {
        return failure(
            ErrorCode::invalid_argument, "a key needs a scope: authorize, read or admin"
        );
    }
    return guarded("create an API key", [&] {
        const auto connection = connect(database_url, session_options());
        CreatedKey created;
        created.secret = "fg_" + random_text(40);
        const KeyDigest digest = digest_of(created.secret);
        pqxx::nontransaction session(*connection);
        const auto rows = execute(
            session,
            "INSERT INTO api_keys (id, name, scopes, digest) "
            "VALUES ($1, $2, $3::text[], $4::bytea) RETURNING " +
                columns(),
            "key_" + random_text(16), storable(name), scopes_text(scopes),
            bytea_text(std::string(digest.begin(), digest.end()))
        );
        created.key = read_key(rows[0]);
        return created;
    });
}

Result<std::vector<ApiKey>> list_keys(const std::string& database_url) {
    return guarded("list the API keys", [&] {
        const auto connection = connect(database_url, session_options());
        const Patience patience(connection->sock(), answer_timeout);
        pqxx::nontransaction session(*connection);
        std::vector<ApiKey> keys;
        for (const auto& row :
             session.exec("SELECT " + columns() + " FROM api_keys ORDER BY created_at, id")) {
            keys.push_back(read_key(row));
        }
        return keys;
    });
}

Status revoke_key(const std::string& database_url, const std::string& id) {
    return guarded("revoke an API key", [&] {
        const auto connection = connect(database_url, session_options());
        pqxx::nontransaction session(*connection);
        const auto rows = execute(
            session,
            "UPDATE api_keys SET revoked_at = coalesce(revoked_at, now()) WHERE id = $1 "
            "RETURNING id",
            storable(id)
        );
        if (rows.empty()) throw Failure(ErrorCode::not_found, "there is no API key " + id);
    });
}

}  // namespace faregate::postgres
