#include "postgres/state_reader.h"

#include <algorithm>

#include "postgres/error.h"
#include "postgres/text.h"

namespace faregate::postgres {
namespace {

template <typename T>
T required(std::optional<T> value, std::string_view text) {
    if (!value) {
        throw Failure(ErrorCode::corruption, "a row holds \"" + std::string(text) + "\"");
    }
    return std::move(*value);
}

template <typename Kind>
TypedId<Kind> read_id(std::string_view text) {
    return required(TypedId<Kind>::parse(text), text);
}

/// The newest answers are loaded with their keys: requests are repeated soon, or hardly ever, and
/// PostgreSQL may go away again.
constexpr std::size_t answers_max = 20'000;

ledger::Wallet wallet(const CursorRows& rows) {
    ledger::Wallet wallet;
    wallet.id = required(WalletId::parse(rows.text(0)), rows.text(0));
    wallet.status = required(ledger::parse_wallet_status(rows.text(1)), rows.text(1));
    wallet.over_capture = required(ledger::parse_over_capture(rows.text(2)), rows.text(2));
    wallet.set_labels(std::string(rows.text(3)), std::string(rows.text(4)));
    wallet.created_at = rows.time(5);
    wallet.lsn.value = rows.number(6);
    return wallet;
}

ledger::Authorization authorization(const CursorRows& rows) {
    ledger::Authorization authorization;
    authorization.id = read_id<AuthorizationKind>(rows.text(0));
    authorization.wallet = required(WalletId::parse(rows.text(1)), rows.text(1));
    authorization.status = required(ledger::parse_authorization_status(rows.text(2)), rows.text(2));
    authorization.late = rows.text(3) == "t";
    authorization.settled = rows.text(4) == "t";
    authorization.created_at = rows.time(5);
    authorization.expires_at = rows.time(6);
    authorization.closed_at = rows.time_or_never(7);
    authorization.description = rows.text(8);
    authorization.metadata = rows.text(9);
    return authorization;
}

/// Moves `rows`, ordered by their first column, to `key`. False: it has no more rows of it. A row
/// before the key belongs to nothing.
bool at_key(const CursorRows& rows, std::string_view key, const char* table) {
    if (!rows.valid() || rows.text(0) > key) return false;
    if (rows.text(0) == key) return true;
    throw Failure(
        ErrorCode::corruption, std::string("a row of ") + table + " belongs to \"" +
                                   std::string(rows.text(0)) + "\", which does not exist"
    );
}

void expect_end(const CursorRows& rows, const char* table) {
    if (rows.valid()) at_key(rows, "\x7f", table);
}

}  // namespace

StateReader::StateReader(
    pqxx::transaction_base& transaction, AssetTable& assets, engine::StateSink& sink
)
    : transaction_(transaction), assets_(assets), sink_(sink) {}

void StateReader::read(Duration kept) {
    transaction_.exec("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY");
    // Everything is read to the end, so the best plan is the fastest one as a whole.
    transaction_.exec("SET LOCAL cursor_tuple_fraction = 1; SET LOCAL work_mem = '64MB'");
    assets_.read(transaction_);
    for (const ledger::Asset& asset : assets_.all()) sink_.add_asset(asset);
    const Timestamp last_at = read_last_at();
    sink_.set_last_at(last_at);
    // By the time of the stored state, not by a clock, which may since have jumped and jump back.
    const Timestamp since{std::max(last_at.microseconds - kept.microseconds, std::int64_t{0})};
    read_wallets();
    read_authorizations(since);
    read_idempotency_keys(since);
}

Timestamp StateReader::read_last_at() {
    const auto rows = transaction_.exec(
        "SELECT " + micros_of("last_at") + " FROM journals WHERE retired_at IS NULL AND last_at " +
        "IS NOT NULL"
    );
    return rows.empty() ? Timestamp{} : read_timestamp(rows[0][0].c_str());
}

void StateReader::read_wallets() {
    CursorRows wallets(
        transaction_, "wallet_rows",
        "SELECT id, status, over_capture, name, metadata, " + micros_of("created_at") +
            ", lsn FROM wallets ORDER BY id"
    );
    CursorRows balances(
        transaction_, "balance_rows",
        "SELECT wallet, asset, posted, held, overdraft_limit, debt, overdraft_held "
        "FROM balances ORDER BY wallet"
    );
    CursorRows grants(
        transaction_, "grant_rows",
        "SELECT wallet, id, asset, remaining, held, " + micros_of("effective_at") + ", " +
            micros_of("expires_at") +
            ", created_lsn, priority, kind, status FROM grants "
            "WHERE remaining > 0 OR held > 0 OR status = 'scheduled' ORDER BY wallet"
    );
    balances.next();
    grants.next();
    while (wallets.next()) {
        ledger::Wallet read = wallet(wallets);
        for (; at_key(balances, read.id.text(), "balances"); balances.next()) {
            const ledger::Account stored = account(balances);
            read.account(stored.asset) = stored;
        }
        for (; at_key(grants, read.id.text(), "grants"); grants.next()) {
            read.insert_grant(grant(grants));
        }
        sink_.add_wallet(std::move(read));
    }
    expect_end(balances, "balances");
    expect_end(grants, "grants");
}

ledger::Account StateReader::account(const CursorRows& rows) const {
    ledger::Account account;
    account.asset = assets_.index(rows.text(1));
    account.posted = assets_.read(account.asset, rows.text(2));
    account.held = assets_.read(account.asset, rows.text(3));
    account.overdraft_limit = assets_.read(account.asset, rows.text(4));
    account.debt = assets_.read(account.asset, rows.text(5));
    account.overdraft_held = assets_.read(account.asset, rows.text(6));
    return account;
}

ledger::Grant StateReader::grant(const CursorRows& rows) const {
    ledger::Grant grant;
    grant.id = read_id<GrantKindTag>(rows.text(1));
    grant.asset = assets_.index(rows.text(2));
    grant.remaining = assets_.read(grant.asset, rows.text(3));
    grant.held = assets_.read(grant.asset, rows.text(4));
    grant.effective_at = rows.time(5);
    grant.expires_at = rows.time_or_never(6);
    grant.lsn.value = rows.number(7);
    grant.priority = static_cast<std::uint8_t>(rows.number(8));
    grant.kind = required(ledger::parse_grant_kind(rows.text(9)), rows.text(9));
    grant.status = required(ledger::parse_grant_status(rows.text(10)), rows.text(10));
    return grant;
}

ledger::HoldLine StateReader::line(const CursorRows& rows) const {
    ledger::HoldLine line;
    line.asset = assets_.index(rows.text(1));
    line.authorized = assets_.read(line.asset, rows.text(2));
    line.captured = assets_.read(line.asset, rows.text(3));
    line.held = assets_.read(line.asset, rows.text(4));
    return line;
}

void StateReader::read_authorizations(Timestamp since) {
    const std::string wanted =
        "(a.closed_at IS NULL OR a.closed_at >= '" + timestamp_text(since) + "')";
    CursorRows authorizations(
        transaction_, "authorization_rows",
        "SELECT id, wallet, status, late, settled, " + micros_of("created_at") + ", " +
            micros_of("expires_at") + ", " + micros_of("closed_at") +
            ", description, metadata FROM authorizations a WHERE " + wanted + " ORDER BY id"
    );
    CursorRows lines(
        transaction_, "line_rows",
        "SELECT authorization_id, asset, authorized, captured, l.held FROM authorization_lines l "
        "JOIN authorizations a ON a.id = authorization_id WHERE " +
            wanted + " ORDER BY authorization_id, position"
    );
    CursorRows parts(
        transaction_, "part_rows",
        "SELECT authorization_id, asset, grant_id, amount FROM hold_parts "
        "ORDER BY authorization_id, lsn, sequence"
    );
    lines.next();
    parts.next();
    while (authorizations.next()) {
        ledger::Authorization read = authorization(authorizations);
        const std::string id = read.id.text();
        for (; at_key(lines, id, "authorization_lines"); lines.next()) {
            read.lines.push_back(line(lines));
        }
        for (; at_key(parts, id, "hold_parts"); parts.next()) {
            const ledger::AssetIndex asset = assets_.index(parts.text(1));
            ledger::HoldLine* held = read.find_line(asset);
            if (held == nullptr) {
                throw Failure(ErrorCode::corruption, "hold_parts of " + id + " lack their line");
            }
            ledger::HoldPart part;
            if (!parts.is_null(2)) part.grant = read_id<GrantKindTag>(parts.text(2));
            part.amount = assets_.read(asset, parts.text(3));
            held->parts.push_back(part);
        }
        sink_.add_authorization(std::move(read));
    }
    expect_end(lines, "authorization_lines");
    expect_end(parts, "hold_parts");
}

void StateReader::read_idempotency_keys(Timestamp since) {
    const std::string with_answers =
        "coalesce((SELECT lsn FROM idempotency_keys ORDER BY lsn DESC OFFSET " +
        std::to_string(answers_max) + " LIMIT 1), 0)";
    CursorRows rows(
        transaction_, "key_rows",
        "SELECT wallet, digest, fingerprint, " + micros_of("at") + ", lsn, CASE WHEN lsn > " +
            with_answers + " THEN receipt END FROM idempotency_keys WHERE at >= '" +
            timestamp_text(since) + "' ORDER BY lsn"
    );
    while (rows.next()) {
        engine::IdempotencyRow row;
        if (!rows.text(0).empty()) row.wallet = WalletId::trusted(std::string(rows.text(0)));
        row.key.digest = read_digest(rows.text(1));
        row.key.fingerprint = read_digest(rows.text(2));
        row.at = rows.time(3);
        row.lsn.value = rows.number(4);
        if (!rows.is_null(5)) row.receipt = read_bytea(rows.text(5));
        sink_.add_idempotency(std::move(row));
    }
}

}  // namespace faregate::postgres
