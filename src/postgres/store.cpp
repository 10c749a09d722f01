#include "postgres/store.h"

#include <spdlog/spdlog.h>

#include "faregate/core/assert.h"
#include "postgres/batch_writer.h"
#include "postgres/connection.h"
#include "postgres/staging.h"
#include "postgres/state_reader.h"
#include "postgres/text.h"

namespace faregate::postgres {
namespace {

/// Of a whole ledger; each of its reads has a limit of its own.
constexpr auto load_timeout = Duration::seconds(86'400);

constexpr const char* claim_columns = "journal_id, epoch, applied_lsn, applied_hash";

template <typename Row>
engine::Claim read_claim(const Row& row) {
    const auto journal = JournalId::parse(row[0].c_str());
    if (!journal) throw Failure(ErrorCode::corruption, "journals has a row without a journal id");
    return {
        *journal, Epoch{read_number(row[1].c_str())}, Lsn{read_number(row[2].c_str())},
        row[3].c_str()};
}

/// In a schema of any version: columns that it does not have yet are empty.
std::optional<engine::Claim> read_live(pqxx::transaction_base& transaction) {
    if (transaction.exec("SELECT to_regclass('journals')")[0][0].is_null()) return std::nullopt;
    const auto rows = transaction.exec(
        "SELECT journal_id, epoch, applied_lsn, coalesce(to_jsonb(j) ->> 'applied_hash', '') "
        "FROM journals AS j WHERE retired_at IS NULL"
    );
    if (rows.empty()) return std::nullopt;
    return read_claim(rows[0]);
}

/// Nothing if the journal does not own the database. Waits for a commit of an earlier owner that is
/// still under way, and counts it in.
std::optional<engine::Claim> raise_epoch(
    pqxx::connection& connection, const JournalId& journal, Epoch above
) {
    pqxx::work transaction(connection);
    const auto rows = execute(
        transaction,
        "UPDATE journals SET epoch = greatest(epoch, $2) + 1, claimed_at = now() "
        "WHERE journal_id = $1 AND retired_at IS NULL RETURNING " +
            std::string(claim_columns),
        journal.text(), above.value
    );
    if (rows.empty()) return std::nullopt;
    engine::Claim claim = read_claim(rows[0]);
    transaction.commit();
    return claim;
}

Failure other_journal(const engine::Claim& owner, const JournalId& journal) {
    return Failure(
        ErrorCode::already_exists,
        "the database belongs to the journal " + owner.journal.text() +
            ", but this server's data directory holds the journal " + journal.text() +
            ". Start the server with the data directory that belongs to this database, or with a "
            "database that belongs to the data directory. If the old data directory is lost for "
            "good, let this journal replace it: the database goes on from LSN " +
            std::to_string(owner.applied_lsn.value) +
            ", and whatever the old journal had not yet carried into it is lost"
    );
}

Failure taken_over(Epoch mine) {
    return Failure(
        ErrorCode::fenced, "another server has taken over the database (this one had epoch " +
                               std::to_string(mine.value) + ")"
    );
}

}  // namespace

pqxx::connection& Store::connection() {
    if (connection_ != nullptr && connection_->is_open()) return *connection_;
    connection_.reset();
    auto opened = connect(database_url_, SessionOptions{});
    partitions_.forget();
    {
        const Patience patience(opened->sock(), options_.answer_timeout);
        pqxx::work transaction(*opened);
        assets_.read(transaction);
        create_staging_tables(transaction);
        transaction.commit();
    }
    connection_ = std::move(opened);
    return *connection_;
}

// With a connection of its own: the other one needs the tables as they are after the migrations.
Result<std::optional<engine::Claim>> Store::current() {
    return guarded("read the owner of the database", [&] {
        const auto connection = connect(database_url_, SessionOptions{});
        const Patience patience(connection->sock(), options_.answer_timeout);
        pqxx::nontransaction session(*connection);
        return read_live(session);
    });
}

Result<engine::Claim> Store::claim(const JournalId& journal, Epoch above, bool replace) {
    return with_connection(
        "claim the database", options_.answer_timeout,
        [&](pqxx::connection& connection) {
            auto claimed = raise_epoch(connection, journal, above);
            if (!claimed) claimed = take_over(connection, journal, above, replace);
            claim_ = claimed;
            return *claimed;
        }
    );
}

engine::Claim Store::take_over(
    pqxx::connection& connection, const JournalId& journal, Epoch above, bool replace
) {
    // In a transaction of its own, since two that upgraded the lock would wait for each other.
    pqxx::work transaction(connection);
    // Keeps commits and other claims out; row locks would not, as there may be no row yet.
    transaction.exec("LOCK TABLE journals IN SHARE ROW EXCLUSIVE MODE");
    const auto owner = read_live(transaction);
    if (owner && owner->journal != journal) {
        if (!replace) throw other_journal(*owner, journal);
        spdlog::warn(
            "journal {} takes the database over from journal {}", journal.text(),
            owner->journal.text()
        );
    }
    transaction.exec(
        "UPDATE journals SET epoch = epoch + 1, retired_at = now() WHERE retired_at IS NULL"
    );
    // The highest epoch so far, this journal's own past included, so that ids never repeat.
    const auto rows = execute(
        transaction,
        "INSERT INTO journals AS j (journal_id, epoch, applied_lsn, last_at) "
        "SELECT $1, greatest(coalesce(max(epoch), 0), $2) + 1, coalesce(max(applied_lsn), 0), "
        "    max(last_at) "
        "FROM journals "
        "ON CONFLICT (journal_id) DO UPDATE SET epoch = excluded.epoch, "
        "    applied_lsn = excluded.applied_lsn, applied_hash = '', last_at = excluded.last_at, "
        "    claimed_at = now(), retired_at = NULL "
        "RETURNING " +
            std::string(claim_columns),
        journal.text(), above.value
    );
    engine::Claim claim = read_claim(rows[0]);
    transaction.commit();
    return claim;
}

Status Store::load(Duration kept, engine::StateSink& sink) {
    return with_connection(
        "load the stored state", load_timeout,
        [&](pqxx::connection& connection) {
            pqxx::work transaction(connection);
            StateReader(transaction, assets_, sink).read(kept);
            transaction.commit();
        }
    );
}

Result<Lsn> Store::applied_lsn() {
    FG_ASSERT(claim_.has_value(), "the database was not claimed");
    return with_connection(
        "ask the database where it stands", options_.answer_timeout,
        [&](pqxx::connection& connection) {
            pqxx::work transaction(connection);
            // The lock waits for a commit whose answer was lost and that is still under way.
            const auto rows = execute(
                transaction,
                "SELECT applied_lsn FROM journals WHERE journal_id = $1 AND epoch = $2 "
                "AND retired_at IS NULL FOR UPDATE",
                claim_->journal.text(), claim_->epoch.value
            );
            if (rows.empty()) throw taken_over(claim_->epoch);
            const Lsn applied{read_number(rows[0][0].c_str())};
            transaction.commit();
            return applied;
        }
    );
}

Status Store::commit(const engine::ProjectionBatch& batch) {
    FG_ASSERT(claim_.has_value(), "the database was not claimed");
    if (batch.empty()) return {};
    FG_ASSERT(
        Lsn{} < batch.first && batch.first <= batch.last, "a batch is a run of consecutive records"
    );
    return with_connection(
        "commit a batch", options_.answer_timeout,
        [&](pqxx::connection& connection) {
            partitions_.prepare(connection, batch);
            pqxx::work transaction(connection);
            advance(transaction, batch);
            BatchWriter(transaction, assets_, batch).write();
            delete_old_idempotency_keys(transaction, batch, options_.idempotency_kept);
            transaction.commit();
        }
    );
}

/// First of all, so that a fenced or confused server is turned away before it has touched anything,
/// and so that the row's lock covers the whole of an unanswered commit.
void Store::advance(pqxx::work& transaction, const engine::ProjectionBatch& batch) {
    const auto updated = execute(
        transaction,
        "UPDATE journals SET applied_lsn = $1, applied_hash = $2, "
        "    last_at = greatest(last_at, $3::timestamptz) "
        "WHERE journal_id = $4 AND epoch = $5 AND applied_lsn = $6 AND retired_at IS NULL",
        batch.last.value, batch.last_hash, timestamp_text(batch.last_at), claim_->journal.text(),
        claim_->epoch.value, batch.first.value - 1
    );
    if (updated.affected_rows() != 1) explain_refusal(transaction, batch);
}

void Store::explain_refusal(pqxx::work& transaction, const engine::ProjectionBatch& batch) {
    const auto rows = execute(
        transaction,
        "SELECT applied_lsn FROM journals WHERE journal_id = $1 AND epoch = $2 "
        "AND retired_at IS NULL",
        claim_->journal.text(), claim_->epoch.value
    );
    if (rows.empty()) throw taken_over(claim_->epoch);
    throw Failure(
        ErrorCode::unavailable, "a batch is out of order: it begins at LSN " +
                                    std::to_string(batch.first.value) +
                                    ", the database is at LSN " + rows[0][0].c_str()
    );
}

std::unique_ptr<engine::ProjectionStore> make_store(
    std::string database_url, StoreOptions options
) {
    return std::make_unique<Store>(std::move(database_url), options);
}

}  // namespace faregate::postgres
