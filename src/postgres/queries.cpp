#include "faregate/postgres/queries.h"

#include <utility>

#include "postgres/page_cursor.h"
#include "postgres/queries_impl.h"
#include "postgres/text.h"

namespace faregate::postgres {
namespace {

template <typename Field>
std::string time_of(const Field& field) {
    return to_rfc3339(read_timestamp(field.c_str()));
}

template <typename Field>
std::string_view text_of(const Field& field) {
    return {field.c_str(), field.size()};
}

template <typename Field>
std::optional<std::string> text_or_none(const Field& field) {
    if (field.is_null()) return std::nullopt;
    return std::string(field.c_str(), field.size());
}

template <typename Field>
std::optional<std::string> time_or_none(const Field& field) {
    if (field.is_null()) return std::nullopt;
    return time_of(field);
}

template <typename Field>
Lsn lsn_of(const Field& field) {
    return Lsn{read_number(field.c_str())};
}

/// One row more than asked for says whether there is a next page.
std::string one_more(std::uint32_t limit) { return std::to_string(std::uint64_t{limit} + 1); }

/// Cuts the row past the page off and makes the cursor of the last one that stays.
template <typename T, typename Cursor>
void end_page(Page<T>& page, std::uint32_t limit, Cursor&& cursor_of) {
    if (page.data.size() <= limit) return;
    page.data.resize(limit);
    if (limit > 0) page.next_cursor = cursor_of(page.data.back());
}

const std::string& grant_columns() {
    static const std::string columns =
        "id, wallet, asset, kind, CASE WHEN status = 'active' AND remaining = 0 THEN 'exhausted' "
        "ELSE status::text END, trim_scale(amount), trim_scale(remaining), trim_scale(held), "
        "priority, " +
        micros_of("created_at") + ", " + micros_of("effective_at") + ", " +
        micros_of("expires_at") + ", metadata, lsn";
    return columns;
}

template <typename Row>
GrantRecord read_grant(const Row& row) {
    GrantRecord grant;
    grant.id = row[0].c_str();
    grant.wallet = row[1].c_str();
    grant.asset = row[2].c_str();
    grant.kind = row[3].c_str();
    grant.status = row[4].c_str();
    grant.amount = row[5].c_str();
    grant.remaining = row[6].c_str();
    grant.held = row[7].c_str();
    grant.priority = static_cast<int>(read_number(row[8].c_str()));
    grant.created_at = time_of(row[9]);
    grant.effective_at = time_of(row[10]);
    grant.expires_at = time_or_none(row[11]);
    grant.metadata = row[12].c_str();
    grant.lsn = lsn_of(row[13]);
    return grant;
}

/// The page cursor needs the time in microseconds, which the record shows as text.
struct EntryKey {
    std::string at_micros;
    std::string lsn;
    std::string sequence;
};

template <typename Row>
std::pair<EntryRecord, EntryKey> read_entry(const Row& row) {
    EntryRecord entry;
    entry.lsn = lsn_of(row[0]);
    entry.sequence = static_cast<std::uint32_t>(read_number(row[1].c_str()));
    entry.at = time_of(row[2]);
    entry.asset = row[3].c_str();
    entry.amount = row[4].c_str();
    entry.source = row[5].c_str();
    entry.destination = row[6].c_str();
    entry.grant = text_or_none(row[7]);
    entry.authorization = text_or_none(row[8]);
    entry.debit = text_or_none(row[9]);
    entry.description = text_or_none(row[10]);
    return {std::move(entry), EntryKey{row[2].c_str(), row[0].c_str(), row[1].c_str()}};
}

/// The descriptions are looked up for the rows of the page only.
std::string entries_sql() {
    return "SELECT e.lsn, e.sequence, " + micros_of("e.at") +
           ", e.asset, trim_scale(e.amount), e.source, e.destination, e.grant_id, "
           "    e.authorization_id, e.debit_id, coalesce(a.description, d.description) "
           "FROM (SELECT * FROM entries WHERE wallet = $1 AND ($2 = '' OR asset = $2) "
           "        AND at >= $3::timestamptz AND at < $4::timestamptz "
           "        AND at <= $5::timestamptz AND (at, lsn, sequence) < "
           "            ($5::timestamptz, $6::bigint, $7::bigint) "
           "    ORDER BY at DESC, lsn DESC, sequence DESC LIMIT $8::bigint) e "
           "LEFT JOIN authorizations a ON a.id = e.authorization_id "
           "LEFT JOIN debits d ON d.id = e.debit_id "
           "ORDER BY e.at DESC, e.lsn DESC, e.sequence DESC";
}

}  // namespace

Queries::Queries(std::string database_url, std::size_t connections_max)
    : impl_(std::make_unique<Impl>(std::move(database_url), connections_max)) {}

Queries::~Queries() = default;

Result<Lsn> Queries::applied_lsn() {
    return impl_->read_once("read the applied LSN", [](pqxx::transaction_base& transaction) {
        const auto rows =
            transaction.exec("SELECT applied_lsn FROM journals WHERE retired_at IS NULL");
        return rows.empty() ? Lsn{} : lsn_of(rows[0][0]);
    });
}

Result<Page<EntryRecord>> Queries::entries(
    const WalletId& wallet, const EntryFilter& filter, const std::string& cursor,
    std::uint32_t limit
) {
    FG_TRY_ASSIGN(const auto after, read_entry_cursor(cursor));
    const bool first = after.empty();
    return impl_->read_once("read entries", [&](pqxx::transaction_base& transaction) {
        const auto rows = execute(
            transaction, entries_sql(), wallet.text(), filter.asset.value_or(""),
            filter.from ? timestamp_text(*filter.from) : std::string("-infinity"),
            filter.to ? timestamp_text(*filter.to) : std::string("infinity"),
            first ? std::string("infinity") : timestamp_text(read_timestamp(after[0])),
            first ? std::string("0") : after[1], first ? std::string("0") : after[2],
            one_more(limit)
        );
        Page<EntryRecord> page;
        EntryKey last;
        for (const auto& row : rows) {
            auto [entry, key] = read_entry(row);
            if (page.data.size() < limit) last = std::move(key);
            page.data.push_back(std::move(entry));
        }
        end_page(page, limit, [&](const EntryRecord&) {
            return write_cursor("entries", {last.at_micros, last.lsn, last.sequence});
        });
        return page;
    });
}

Result<Page<GrantRecord>> Queries::grants(
    const WalletId& wallet, const std::string& cursor, std::uint32_t limit
) {
    FG_TRY_ASSIGN(const auto after, read_grant_cursor(cursor));
    return impl_->read_once("read grants", [&](pqxx::transaction_base& transaction) {
        const auto rows = execute(
            transaction,
            "SELECT " + grant_columns() +
                " FROM grants WHERE wallet = $1 AND ($2 = '' OR id < $2) "
                "ORDER BY id DESC LIMIT $3::bigint",
            wallet.text(), after.empty() ? std::string() : after[0], one_more(limit)
        );
        Page<GrantRecord> page;
        for (const auto& row : rows) page.data.push_back(read_grant(row));
        end_page(page, limit, [](const GrantRecord& grant) {
            return write_cursor("grants", {grant.id});
        });
        return page;
    });
}

Result<std::optional<GrantRecord>> Queries::grant(GrantId id) {
    return impl_->read_once("read a grant", [&](pqxx::transaction_base& transaction) {
        const auto rows = execute(
            transaction, "SELECT " + grant_columns() + " FROM grants WHERE id = $1", id.text()
        );
        std::optional<GrantRecord> grant;
        if (!rows.empty()) grant = read_grant(rows[0]);
        return grant;
    });
}

Result<Page<WalletId>> Queries::wallets(const std::string& cursor, std::uint32_t limit) {
    FG_TRY_ASSIGN(const auto after, read_wallet_cursor(cursor));
    return impl_->read_once("read wallets", [&](pqxx::transaction_base& transaction) {
        const auto rows = execute(
            transaction, "SELECT id FROM wallets WHERE id > $1 ORDER BY id LIMIT $2::bigint",
            after.empty() ? std::string() : after[0], one_more(limit)
        );
        Page<WalletId> page;
        for (const auto& row : rows) page.data.push_back(WalletId::trusted(row[0].c_str()));
        end_page(page, limit, [](const WalletId& wallet) {
            return write_cursor("wallets", {wallet.text()});
        });
        return page;
    });
}

Result<std::vector<BalanceRecord>> Queries::balances_at(const WalletId& wallet, Timestamp at) {
    return impl_->read_once("read balances", [&](pqxx::transaction_base& transaction) {
        const auto rows = execute(
            transaction,
            "SELECT asset, trim_scale(posted), trim_scale(held), "
            "    trim_scale(posted - held + overdraft_limit), trim_scale(overdraft_limit) "
            "FROM (SELECT b.asset, b.overdraft_limit, coalesce(s.posted, 0) AS posted, "
            "        coalesce(s.held, 0) AS held "
            "    FROM balances b LEFT JOIN (SELECT asset, "
            "            sum(change) FILTER (WHERE side IN ('available', 'held', 'debt')) AS "
            "posted, "
            "            sum(change) FILTER (WHERE side = 'held') AS held "
            "        FROM entry_sides WHERE wallet = $1 AND at <= $2::timestamptz "
            "        GROUP BY asset) s ON s.asset = b.asset "
            "    WHERE b.wallet = $1) t ORDER BY asset",
            wallet.text(), timestamp_text(at)
        );
        std::vector<BalanceRecord> balances;
        for (const auto& row : rows) {
            balances.push_back(BalanceRecord{
                row[0].c_str(), row[1].c_str(), row[2].c_str(), row[3].c_str(), row[4].c_str()});
        }
        return balances;
    });
}

Result<std::optional<AuthorizationRecord>> Queries::authorization(AuthorizationId id) {
    return impl_->read_once("read an authorization", [&](pqxx::transaction_base& transaction) {
        const auto rows = execute(
            transaction,
            "SELECT a.wallet, a.status, a.late, " + micros_of("a.created_at") + ", " +
                micros_of("a.expires_at") + ", " + micros_of("a.closed_at") +
                ", a.description, a.metadata, a.lsn, l.asset, trim_scale(l.authorized), "
                "trim_scale(l.captured), trim_scale(l.held) "
                "FROM authorizations a LEFT JOIN authorization_lines l "
                "ON l.authorization_id = a.id WHERE a.id = $1 ORDER BY l.position",
            id.text()
        );
        std::optional<AuthorizationRecord> found;
        for (const auto& row : rows) {
            if (!found) {
                found.emplace();
                found->id = id.text();
                found->wallet = row[0].c_str();
                found->status = row[1].c_str();
                found->late = row[2].template as<bool>();
                found->created_at = time_of(row[3]);
                found->expires_at = time_of(row[4]);
                found->closed_at = time_or_none(row[5]);
                found->description = row[6].c_str();
                found->metadata = row[7].c_str();
                found->lsn = lsn_of(row[8]);
            }
            if (row[9].is_null()) continue;
            found->lines.push_back(AuthorizationLineRecord{
                row[9].c_str(), row[10].c_str(), row[11].c_str(), row[12].c_str()});
        }
        return found;
    });
}

Result<std::vector<engine::IdempotencyRow>> Queries::answers(const std::vector<Lsn>& lsns) {
    std::string list = "{";
    for (const Lsn lsn : lsns) {
        if (list.size() > 1) list += ',';
        list += std::to_string(lsn.value);
    }
    list += '}';
    return impl_->read_once("read answers", [&](pqxx::transaction_base& transaction) {
        const auto rows = execute(
            transaction,
            "SELECT wallet, digest, fingerprint, " + micros_of("at") +
                ", lsn, receipt FROM idempotency_keys WHERE lsn = ANY($1::bigint[]) ORDER BY lsn",
            list
        );
        std::vector<engine::IdempotencyRow> answers;
        for (const auto& row : rows) {
            engine::IdempotencyRow& answer = answers.emplace_back();
            if (!text_of(row[0]).empty()) {
                answer.wallet = WalletId::trusted(std::string(text_of(row[0])));
            }
            answer.key.digest = read_digest(text_of(row[1]));
            answer.key.fingerprint = read_digest(text_of(row[2]));
            answer.at = read_timestamp(text_of(row[3]));
            answer.lsn = lsn_of(row[4]);
            answer.receipt = read_bytea(text_of(row[5]));
        }
        return answers;
    });
}

}  // namespace faregate::postgres
