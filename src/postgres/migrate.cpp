#include <spdlog/spdlog.h>

#include <map>
#include <string>
#include <vector>

#include "faregate/postgres/store.h"
#include "postgres/connection.h"
#include "postgres/error.h"
#include "postgres/migrations.h"

namespace faregate::postgres {
namespace {

/// Held by whoever migrates; any number will do, as long as it never changes.
constexpr const char* advisory_lock = "7205759403792794";

using AppliedMigrations = std::map<std::string, std::string>;  // name to sha256

void check_encoding(pqxx::connection& connection) {
    pqxx::nontransaction session(connection);
    const std::string encoding = session.exec("SHOW server_encoding")[0][0].c_str();
    if (encoding != "UTF8") {
        throw Failure(
            ErrorCode::invalid_argument,
            "the database's encoding is " + encoding +
                "; create one with CREATE DATABASE ... ENCODING 'UTF8' TEMPLATE template0"
        );
    }
}

/// The lock belongs to the session: it is gone when the connection is, whatever happens.
void lock(pqxx::connection& connection) {
    pqxx::nontransaction session(connection);
    session.exec("SELECT pg_advisory_lock(" + std::string(advisory_lock) + ")");
}

AppliedMigrations read_applied(pqxx::connection& connection) {
    pqxx::work transaction(connection);
    transaction.exec(
        "CREATE TABLE IF NOT EXISTS schema_migrations ("
        "    name       text PRIMARY KEY,"
        "    sha256     text NOT NULL,"
        "    applied_at timestamptz NOT NULL DEFAULT now());"
        "COMMENT ON TABLE schema_migrations IS 'The migrations that were applied.';"
        "COMMENT ON COLUMN schema_migrations.name IS 'The file, without .sql.';"
        "COMMENT ON COLUMN schema_migrations.sha256 IS 'Of the file, when it was applied.';"
        "COMMENT ON COLUMN schema_migrations.applied_at IS 'When it was applied.'"
    );
    AppliedMigrations applied;
    for (const auto& row : transaction.exec("SELECT name, sha256 FROM schema_migrations")) {
        applied.emplace(row[0].c_str(), row[1].c_str());
    }
    transaction.commit();
    return applied;
}

void check(const AppliedMigrations& applied) {
    std::map<std::string, std::string> known;
    for (const Migration& migration : migrations()) known.emplace(migration.name, migration.sha256);
    for (const auto& [name, sha256] : applied) {
        const auto found = known.find(name);
        if (found == known.end()) {
            throw Failure(
                ErrorCode::invalid_argument,
                "the database was migrated by a newer version of Faregate (it has " + name +
                    ", which this one does not know); run that version or a later one"
            );
        }
        if (found->second != sha256) {
            throw Failure(
                ErrorCode::invalid_argument,
                "migration " + name +
                    " was changed after it was applied to the database; run the version of "
                    "Faregate that the database was made with"
            );
        }
    }
}

void apply(pqxx::connection& connection, const Migration& migration) {
    pqxx::work transaction(connection);
    transaction.exec(migration.sql);
    execute(
        transaction, "INSERT INTO schema_migrations (name, sha256) VALUES ($1, $2)", migration.name,
        migration.sha256
    );
    transaction.commit();
    spdlog::info("applied migration {}", migration.name);
}

}  // namespace

Result<std::vector<std::string>> migrate(const std::string& database_url) {
    return guarded("migrate the database", [&] {
        SessionOptions options;
        options.lock_timeout = Duration::seconds(300);
        const auto connection = connect(database_url, options);
        check_encoding(*connection);
        lock(*connection);
        const AppliedMigrations applied = read_applied(*connection);
        check(applied);
        std::vector<std::string> names;
        for (const Migration& migration : migrations()) {
            if (applied.contains(migration.name)) continue;
            apply(*connection, migration);
            names.emplace_back(migration.name);
        }
        return names;
    });
}

}  // namespace faregate::postgres
