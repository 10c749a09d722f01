#include "postgres/error.h"

#include <array>

#include "postgres/pqxx_compat.h"

namespace faregate::postgres {
namespace {

std::string sentence(std::string_view action, std::string_view cause) {
    while (!cause.empty() && (cause.back() == '\n' || cause.back() == ' ')) cause.remove_suffix(1);
    return "cannot " + std::string(action) + ": " + std::string(cause);
}

/// True if the same statement may succeed later, on another connection or another server.
bool is_passing(std::string_view sqlstate) {
    constexpr std::array<std::string_view, 10> passing{
        "08",     // connection
        "40",     // serialization failure, deadlock
        "53",     // out of connections, memory or disk
        "57P",    // server starting up or shutting down
        "57014",  // statement timeout
        "55P03",  // lock timeout
        "25P03",  // idle too long within a transaction
        "25P04",  // a transaction took too long (PostgreSQL 17)
        "25006",  // a standby, or a server that was made read-only
        "58",     // PostgreSQL's own files or disk failed
    };
    for (const std::string_view prefix : passing) {
        if (sqlstate.starts_with(prefix)) return true;
    }
    // libpq itself, not the server: the connection was lost.
    return sqlstate.empty();
}

Error from_sql(std::string_view action, const pqxx::sql_error& error) {
    const std::string& state = error.sqlstate();
    if (is_passing(state)) return {ErrorCode::unavailable, sentence(action, error.what())};
    std::string message = sentence(action, error.what());
    if (state == "42P01" || state == "42704" || state == "42703") {
        message += " (is the database migrated? Run `faregate migrate`)";
    }
    return {ErrorCode::io, message + " [SQLSTATE " + state + "]"};
}

}  // namespace

Error current_error(std::string_view action) {
    try {
        throw;
    } catch (const Failure& failure) {
        return failure.error();
    } catch (const pqxx::broken_connection& error) {
        return {ErrorCode::unavailable, sentence(action, error.what())};
    } catch (const pqxx::in_doubt_error& error) {
        return {ErrorCode::unavailable, sentence(action, error.what())};
    } catch (const pqxx::sql_error& error) {
        return from_sql(action, error);
    } catch (const pqxx::failure& error) {
        // What is left are failures of libpq, such as a COPY that cannot send.
        return {ErrorCode::unavailable, sentence(action, error.what())};
    } catch (const std::exception& error) {
        return {ErrorCode::io, sentence(action, error.what())};
    }
}

}  // namespace faregate::postgres
