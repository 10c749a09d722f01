#include "postgres/connection.h"

#include <libpq-fe.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string_view>
#include <utility>

#include "postgres/error.h"
#include "postgres/patience.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FG_LEAKS_ARE_REPORTED
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define FG_LEAKS_ARE_REPORTED
#endif

#if defined(FG_LEAKS_ARE_REPORTED) && PQXX_VERSION_MAJOR < 7
/// libpqxx 6 forgets one result of libpq whenever a connection is lost in the middle of a
/// statement.
extern "C" const char* __lsan_default_suppressions();
extern "C" const char* __lsan_default_suppressions() { return "leak:libpqxx-6\n"; }
#endif

namespace faregate::postgres {
namespace {

/// Adds the parameters that the URL (or keyword list) does not set itself.
std::string with_defaults(const std::string& database_url) {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 6> defaults{{
        {"connect_timeout", "10"},
        {"keepalives_idle", "10"},
        {"keepalives_interval", "5"},
        {"keepalives_count", "3"},
        {"tcp_user_timeout", "30000"},
        {"fallback_application_name", "faregate"},
    }};
    const bool is_url =
        database_url.starts_with("postgresql://") || database_url.starts_with("postgres://");
    std::string result = database_url;
    for (const auto& [name, value] : defaults) {
        if (database_url.find(std::string(name) + "=") != std::string::npos) continue;
        if (is_url) {
            result += result.find('?') == std::string::npos ? '?' : '&';
        } else {
            result += ' ';
        }
        result.append(name).append("=").append(value);
    }
    return result;
}

Failure not_understood() {
    return Failure(
        ErrorCode::invalid_argument,
        "PostgreSQL does not understand the database URL (not shown, for it may contain a "
        "password): write postgresql://user:password@host:port/database, special characters as "
        "%40 and the like, or key=value words"
    );
}

struct FreeOptions {
    void operator()(PQconninfoOption* options) const noexcept { PQconninfoFree(options); }
};

/// Throws if it cannot be read, or if a raw @ or slash in the password makes libpq take parts of it
/// for the host, the port or the name: then there is an @ in one of these. libpq's own message
/// would show that part.
void check_readable(const std::string& database_url) {
    const std::unique_ptr<PQconninfoOption, FreeOptions> options(
        PQconninfoParse(database_url.c_str(), nullptr)
    );
    if (options == nullptr) throw not_understood();
    for (const auto* option = options.get(); option->keyword != nullptr; ++option) {
        const std::string_view word = option->keyword;
        const bool place = word == "host" || word == "port" || word == "dbname";
        if (!place || option->val == nullptr) continue;
        if (std::string_view(option->val).find('@') != std::string_view::npos) {
            throw not_understood();
        }
    }
}

/// libpq quotes a value that it cannot use, and that may be a piece of the password.
bool quotes_value(std::string_view message) {
    constexpr std::array<std::string_view, 3> complaints{
        "invalid port number",
        "invalid integer value",
        "could not match",
    };
    return std::any_of(complaints.begin(), complaints.end(), [&](std::string_view each) {
        return message.find(each) != std::string_view::npos;
    });
}

std::unique_ptr<pqxx::connection> open(const std::string& database_url) {
    check_readable(database_url);
    try {
        return std::make_unique<pqxx::connection>(with_defaults(database_url));
    } catch (const pqxx::failure& error) {
        const std::string_view message = error.what();
        if (message.starts_with("connection to server") || !quotes_value(message)) throw;
        throw not_understood();
    }
}

std::string milliseconds(Duration length) { return std::to_string(length.microseconds / 1000); }

}  // namespace

std::unique_ptr<pqxx::connection> connect(
    const std::string& database_url, const SessionOptions& options
) {
    auto connection = open(database_url);
    forbid_reconnect(*connection);
    const Patience patience(connection->sock(), Duration::seconds(15));
    pqxx::nontransaction session(*connection);
    session.exec(
        "SET client_encoding = 'UTF8'; SET TimeZone = 'UTC'; SET client_min_messages = warning;"
        "SET bytea_output = hex; SET standard_conforming_strings = on; SET jit = off;"
        "SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5;"
        "SET tcp_keepalives_count = 3; SET idle_in_transaction_session_timeout = '20s';"
        "SET statement_timeout = " +
        milliseconds(options.statement_timeout) +
        ";"
        "SET lock_timeout = " +
        milliseconds(options.lock_timeout) +
        ";"
        "SET default_transaction_read_only = " +
        (options.read_only ? "on" : "off")
    );
    session.commit();
    return connection;
}

}  // namespace faregate::postgres
