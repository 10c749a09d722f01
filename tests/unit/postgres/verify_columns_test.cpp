#include <algorithm>
#include <optional>
#include <set>

#include "postgres/verify.h"
#include "unit/postgres/postgres_fixture.h"

namespace faregate::postgres::testing {
namespace {

/// How surely verify() sees that a value was changed by hand.
enum class Sight {
    partly,  ///< only where it contradicts something; the test wants one change to be found
    blind,   ///< nothing else in the tables depends on it
};

struct Exception {
    const char* column;
    Sight sight;
    const char* reason;
};

// Every column that is not here is checked in full: whatever one value becomes, the row is named.
constexpr Exception exceptions[] = {
    {"journals.journal_id", Sight::blind, "the start compares it with the journal's own"},
    {"journals.epoch", Sight::blind, "no table repeats it; a server that has another is fenced"},
    {"journals.applied_lsn", Sight::partly,
     "too high is found by the start, which has the journal"},
    {"journals.applied_hash", Sight::blind, "the start compares it with the journal's own"},
    {"journals.last_at", Sight::partly, "records without entries have times, too"},
    {"journals.hash_from", Sight::blind, "not used yet: one journal owns all wallets"},
    {"journals.hash_to", Sight::blind, "not used yet: one journal owns all wallets"},
    {"journals.claimed_at", Sight::blind, "for people"},
    {"journals.retired_at", Sight::partly, "without a live journal nothing was applied"},
    {"assets.code", Sight::partly, "found once a wallet has the asset"},
    {"assets.asset_index", Sight::partly, "a gap behind the last one is found by the next asset"},
    {"assets.scale", Sight::partly, "too few digits are found, more digits fit every amount"},
    {"assets.name", Sight::blind, "for people"},
    {"assets.symbol", Sight::blind, "for people"},
    {"assets.created_at", Sight::blind, "for people"},
    {"assets.lsn", Sight::blind, "an asset has no entries; only the order is checked"},
    {"wallets.status", Sight::blind, "policy: no entry says it"},
    {"wallets.over_capture", Sight::blind, "policy: no entry says it"},
    {"wallets.name", Sight::blind, "for people"},
    {"wallets.metadata", Sight::blind, "the caller's"},
    {"wallets.created_at", Sight::partly, "earlier contradicts nothing"},
    {"wallets.lsn", Sight::partly, "records without entries raise it, too"},
    {"balances.overdraft_limit", Sight::blind, "policy: no entry says it"},
    {"balances.lsn", Sight::partly, "a limit raises it without an entry"},
    {"grants.kind", Sight::blind, "only the burn order of later spending depends on it"},
    {"grants.priority", Sight::blind, "only the burn order of later spending depends on it"},
    {"grants.status", Sight::partly, "what has nothing left looks the same in every end"},
    {"grants.amount", Sight::partly, "a grant that never became effective has no entries"},
    {"grants.remaining", Sight::partly, "a scheduled grant has no entries"},
    {"grants.asset", Sight::partly, "a scheduled grant has no entries"},
    {"grants.wallet", Sight::partly, "a scheduled grant has no entries"},
    {"grants.id", Sight::partly, "a scheduled grant has no entries"},
    {"grants.created_at", Sight::partly, "a grant that becomes effective later was made before"},
    {"grants.effective_at", Sight::partly, "a scheduled grant has no entries"},
    {"grants.expires_at", Sight::partly, "what is still to come has no entries"},
    {"grants.metadata", Sight::blind, "the caller's"},
    {"grants.created_lsn", Sight::partly, "a scheduled grant has no entries"},
    {"grants.lsn", Sight::partly, "an end without entries raises it, too"},
    {"authorizations.status", Sight::partly, "a capture of nothing ends like a void"},
    {"authorizations.late", Sight::partly, "a late capture may have found nothing to take"},
    {"authorizations.settled", Sight::partly, "whether a late capture was final has no entry"},
    {"authorizations.expires_at", Sight::partly, "what is still to come has no entries"},
    {"authorizations.description", Sight::blind, "the caller's"},
    {"authorizations.metadata", Sight::blind, "the caller's"},
    {"authorizations.lsn", Sight::partly, "a longer time to live raises it without an entry"},
    {"debits.description", Sight::blind, "the caller's"},
    {"debits.metadata", Sight::blind, "the caller's"},
    {"entries.lsn", Sight::partly, "a record of its own may stand at any LSN that has no entries"},
    {"entries.debit_id", Sight::partly, "an entry that becomes a debit's of its own record"},
    {"idempotency_keys.wallet", Sight::partly, "declines and policies have no entries"},
    {"idempotency_keys.digest", Sight::blind, "the key is stored nowhere else"},
    {"idempotency_keys.fingerprint", Sight::blind, "the request is stored nowhere else"},
    {"idempotency_keys.at", Sight::partly, "declines and policies have no entries"},
    {"idempotency_keys.lsn", Sight::partly, "declines and policies have no entries"},
    {"idempotency_keys.receipt", Sight::blind, "the answer is stored nowhere else"},
};

struct Table {
    const char* name;
    const char* names;  ///< SQL: what verify() may call a row by
    bool deletion_is_seen;
    bool insertion_is_seen;
    const char* reason;  ///< where one is not seen for every row
};

constexpr Table tables[] = {
    {"journals", "array[journal_id, 'applied']", true, true, ""},
    {"assets", "array[code]", false, true, "the last asset, if nobody has it"},
    {"wallets", "array[id]", false, false, "a wallet that never had anything"},
    {"balances", "array[wallet || ' ' || asset]", true, true, ""},
    {"grants", "array[id]", false, false, "a grant that never became effective"},
    {"authorizations", "array[id]", true, true, ""},
    {"authorization_lines", "array[authorization_id, authorization_id || ' ' || asset]", true, true,
     ""},
    {"hold_parts", "array[authorization_id, concat_ws(' ', authorization_id, asset, grant_id)]",
     false, true, "a part of which nothing is left"},
    {"debits", "array[id]", true, true, ""},
    {"entries",
     "array['lsn ' || lsn, wallet, wallet || ' ' || asset, grant_id, authorization_id, debit_id]",
     true, true, ""},
    {"idempotency_keys", "array['lsn ' || lsn, wallet]", false, true, "old keys are deleted"},
};

/// Changes the tables of a world in which everything has happened, one value at a time.
class VerifyColumns : public PostgresTest {
  protected:
    void SetUp() override {
        PostgresTest::SetUp();
        commit(make_world());
        // What the tables refuse by themselves must be found without their help.
        for (const auto& row : sql("SELECT conrelid::regclass, conname FROM pg_constraint "
                                   "WHERE contype = 'c' AND conislocal AND coninhcount = 0 "
                                   "AND connamespace = 'public'::regnamespace")) {
            sql("ALTER TABLE " + row[0] + " DROP CONSTRAINT " + row[1]);
        }
        connection_ = std::make_unique<pqxx::connection>(url);
    }

    static engine::ProjectionBatch make_world() {
        World world;
        start(world);
        world.create_asset("A", 0);
        const Uid expired = world.authorize("acme", {{"USD", "5"}}).subject;
        world.expire_authorization(expired);
        world.capture(expired, "2.123456789", false);
        ledger::AddGrant ending;
        ending.expires_at = world.now + Duration::seconds(10);
        const Uid ended = world.grant("acme", "USD", "7", ending).subject;
        world.expire_grant("acme", ended);
        ledger::AddGrant later;
        later.effective_at = world.now + Duration::seconds(20);
        world.activate_grant("acme", world.grant("acme", "A", "3", later).subject);
        ledger::RevokeGrant revoke;
        revoke.grant = GrantId{world.grant("acme", "A", "4").subject};
        world.execute("acme", nullptr, revoke);
        world.grant("acme", "A", "10");
        world.set_limit("acme", "USD", "50");
        world.capture(world.authorize("acme", {{"USD", "10"}}).subject, "4", true);
        world.release(world.authorize("acme", {{"A", "1"}}).subject);
        world.authorize("acme", {{"USD", "100"}, {"A", "2"}});
        later.effective_at = world.now + Duration::seconds(600);
        world.grant("acme", "USD", "40", later);
        world.debit("acme", "A", "2");
        world.debit("acme", "USD", "3");
        world.create_wallet("other");
        world.grant("other", "USD", "1");
        auto batch = world.take_batch();
        for (const auto& debit : batch.debits) {
            engine::IdempotencyRow row;
            row.wallet = debit.wallet;
            row.key.digest[0] = static_cast<std::uint8_t>(debit.lsn.value);
            row.at = debit.at;
            row.lsn = debit.lsn;
            row.receipt = "receipt";
            batch.idempotency.push_back(row);
        }
        return batch;
    }

    std::vector<Discrepancy> verify() {
        pqxx::work transaction(*connection_);
        return find_discrepancies(transaction, 100);
    }

    /// All rows, but of entries one of each sort.
    Rows rows_of(const std::string& table) {
        const std::string sort = table == "entries" ? "source, destination, sequence" : "t::text";
        return sql("SELECT DISTINCT ON (" + sort + ") md5(t::text), t::text FROM " + table + " t");
    }

    Rows columns_of(const std::string& table) {
        return sql(
            "SELECT column_name, data_type FROM information_schema.columns WHERE "
            "table_schema = 'public' AND is_generated = 'NEVER' AND table_name = '" +
            table + "' ORDER BY ordinal_position"
        );
    }

    /// Makes a change, and says whether verify() then names the row of `table` that `is_row` means,
    /// by what it was or is called. Nothing: PostgreSQL refused, or it was no change. Afterwards
    /// everything is as it was.
    std::optional<bool> is_found(
        const Table& table, const std::string& is_row, const std::string& change
    ) {
        pqxx::work transaction(*connection_);
        std::set<std::string> names;
        const auto add_names = [&](const std::string& where) {
            const std::string query = std::string("SELECT DISTINCT unnest(") + table.names +
                                      ") FROM " + table.name + " t WHERE " + where;
            for (const auto& row : transaction.exec(query)) {
                if (!row[0].is_null()) names.insert(row[0].c_str());
            }
        };
        add_names(is_row);
        transaction.exec(
            std::string("CREATE TEMP TABLE before ON COMMIT DROP AS SELECT * FROM ") + table.name
        );
        try {
            if (transaction.exec(change).affected_rows() == 0) return std::nullopt;
        } catch (const pqxx::sql_error&) {
            return std::nullopt;
        }
        add_names("t::text NOT IN (SELECT b::text FROM before b)");
        const auto found = find_discrepancies(transaction, 1'000);
        return std::any_of(found.begin(), found.end(), [&](const Discrepancy& each) {
            return is_named(each, names);
        });
    }

    static bool is_named(const Discrepancy& found, const std::set<std::string>& names) {
        return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
            return found.key == name || found.key.starts_with(name + " ") ||
                   found.what.find(name) != std::string::npos;
        });
    }

    /// Values that a column of this type may be changed to.
    std::vector<std::string> other_values(
        const std::string& table, const std::string& name, const std::string& type
    ) {
        if (type == "text") return {"coalesce(" + name + ", '') || 'x'"};
        if (type == "boolean") return {"NOT " + name};
        if (type == "bytea") return {"set_byte(" + name + ", 0, get_byte(" + name + ", 0) # 1)"};
        if (type == "timestamp with time zone") {
            return {
                "coalesce(" + name + ", now()) + interval '1 hour'",
                "coalesce(" + name + ", now()) - interval '1 hour'"};
        }
        if (type == "USER-DEFINED") {
            const auto labels =
                sql("SELECT quote_literal(enumlabel) || '::' || format_type(enumtypid, null) "
                    "FROM pg_enum e JOIN pg_attribute a ON a.atttypid = e.enumtypid "
                    "WHERE a.attrelid = '" +
                    table + "'::regclass AND a.attname = '" + name + "'");
            std::vector<std::string> values;
            for (const auto& label : labels) values.push_back(label[0]);
            return values;
        }
        return {name + " + 1", name + " - 1"};
    }

    std::unique_ptr<pqxx::connection> connection_;
};

const Exception* exception_for(const std::string& column) {
    const auto* found =
        std::find_if(std::begin(exceptions), std::end(exceptions), [&](const Exception& each) {
            return each.column == column;
        });
    return found == std::end(exceptions) ? nullptr : found;
}

TEST_F(VerifyColumns, FindsEveryValueThatWasChangedByHand) {
    ASSERT_THAT(verify(), ::testing::IsEmpty());
    std::set<std::string> seen;
    for (const Table& table : tables) {
        const std::string name = table.name;
        for (const auto& column : columns_of(name)) {
            const std::string full = name + "." + column[0];
            seen.insert(full);
            const Exception* exception = exception_for(full);
            if (exception != nullptr && exception->sight == Sight::blind) continue;
            bool some_found = false;
            for (const auto& row : rows_of(name)) {
                const std::string is_row = "md5(t::text) = '" + row[0] + "'";
                for (const std::string& value : other_values(name, column[0], column[1])) {
                    if (exception != nullptr && some_found) break;
                    const std::string change = "UPDATE " + name + " t SET " + column[0] + " = " +
                                               value + " WHERE " + is_row + " AND (" + value +
                                               ") IS DISTINCT FROM " + column[0];
                    const auto found = is_found(table, is_row, change);
                    some_found = some_found || found.value_or(false);
                    if (exception != nullptr || !found) continue;
                    EXPECT_TRUE(*found) << change << " of " << row[1];
                }
            }
            EXPECT_TRUE(some_found) << "nothing is found in " << full;
        }
    }
    for (const Exception& each : exceptions) EXPECT_TRUE(seen.contains(each.column)) << each.column;
    EXPECT_THAT(verify(), ::testing::IsEmpty());
}

TEST_F(VerifyColumns, KnowsEveryTableOfTheLedger) {
    std::set<std::string> known{"api_keys", "schema_migrations"};
    for (const Table& table : tables) known.insert(table.name);
    std::set<std::string> there;
    for (const auto& row : sql("SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') "
                               "AND NOT relispartition "
                               "AND relnamespace = 'public'::regnamespace")) {
        there.insert(row[0]);
    }
    EXPECT_EQ(known, there);
}

TEST_F(VerifyColumns, FindsEveryRowThatWasDeleted) {
    for (const Table& table : tables) {
        const std::string name = table.name;
        bool some_found = false;
        for (const auto& row : rows_of(name)) {
            const std::string is_row = "md5(t::text) = '" + row[0] + "'";
            const auto found =
                is_found(table, is_row, "DELETE FROM " + name + " t WHERE " + is_row);
            ASSERT_TRUE(found.has_value());
            some_found = some_found || *found;
            EXPECT_TRUE(*found || !table.deletion_is_seen) << name << " without " << row[1];
        }
        EXPECT_TRUE(some_found || name == "idempotency_keys") << name;
    }
}

/// SQL that makes a copy of a row under another key.
std::string insert_copy(const std::string& table, const std::string& columns) {
    std::string values = ", " + columns + ",";
    const auto become = [&](const std::string& column, const std::string& value) {
        const auto at = values.find(", " + column + ",");
        values.replace(at + 2, column.size(), value);
    };
    if (table == "journals") {
        become("journal_id", "reverse(journal_id)");
        become("retired_at", "null");
        become("hash_from", "hash_to + 1");
        become("hash_to", "hash_to + 2");
    }
    if (table == "assets") {
        become("code", "code || 'x'");
        become("asset_index", "asset_index + 100");
    }
    if (table == "wallets" || table == "grants" || table == "authorizations" || table == "debits") {
        become("id", "id || 'x'");
    }
    if (table == "balances") become("wallet", "'other' || wallet");
    if (table == "authorization_lines") become("asset", "asset || 'x'");
    if (table == "hold_parts") become("sequence", "sequence + 100");
    if (table == "entries") become("sequence", "sequence + 1");
    if (table == "idempotency_keys") become("lsn", "lsn + 1000");
    return "INSERT INTO " + table + " (" + columns + ") SELECT " +
           values.substr(2, values.size() - 3) + " FROM " + table + " t";
}

TEST_F(VerifyColumns, FindsEveryRowThatWasDoubled) {
    for (const Table& table : tables) {
        const std::string name = table.name;
        std::string columns;
        for (const auto& column : columns_of(name)) {
            columns += (columns.empty() ? "" : ", ") + column[0];
        }
        for (const auto& row : rows_of(name)) {
            const std::string is_row = "md5(t::text) = '" + row[0] + "'";
            const std::string change = insert_copy(name, columns) + " WHERE " + is_row;
            // Nothing: the place is taken already.
            const auto found = is_found(table, is_row, change);
            if (!found) continue;
            EXPECT_TRUE(*found || !table.insertion_is_seen) << change << " of " << row[1];
        }
    }
}

}  // namespace
}  // namespace faregate::postgres::testing
