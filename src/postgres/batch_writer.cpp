#include "postgres/batch_writer.h"

#include <memory>
#include <optional>
#include <string>

#include "postgres/error.h"
#include "postgres/staging.h"
#include "postgres/text.h"

namespace faregate::postgres {
namespace {

using ledger::AuthorizationStatus;

/// A COPY that begins with its first row, so that an empty one costs nothing.
class LazyCopy {
  public:
    LazyCopy(
        pqxx::transaction_base& transaction, const std::string& table, const std::string& columns
    )
        : transaction_(transaction), table_(table), columns_(columns) {}

    template <typename... Fields>
    void row(const Fields&... fields) {
        if (!writer_) writer_ = std::make_unique<CopyWriter>(transaction_, table_, columns_);
        writer_->row(fields...);
        ++count_;
    }

    /// Ends it and returns how many rows were written.
    std::size_t finish() {
        if (writer_) writer_->finish();
        writer_.reset();
        return count_;
    }

  private:
    pqxx::transaction_base& transaction_;
    const std::string table_;
    const std::string columns_;
    std::unique_ptr<CopyWriter> writer_;
    std::size_t count_ = 0;
};

// Fields that may be NULL. The pointers live as long as the text they were made of.
const char* or_null(const std::string& text) { return text.empty() ? nullptr : text.c_str(); }
const char* or_null(const std::optional<std::string>& text) {
    return text ? text->c_str() : nullptr;
}
template <typename Enum>
const char* or_null(std::optional<Enum> value) {
    return value ? to_string(*value) : nullptr;
}
template <typename Kind>
std::string text_of(TypedId<Kind> id) {
    return id.is_nil() ? std::string() : id.text();
}
std::string text_of(Timestamp at) { return at.is_never() ? std::string() : timestamp_text(at); }

std::optional<std::string> storable_or_null(const std::optional<std::string>& text) {
    if (!text) return std::nullopt;
    return storable(*text);
}

template <std::size_t size>
std::string bytea_of(const std::array<std::uint8_t, size>& bytes) {
    return bytea_text({reinterpret_cast<const char*>(bytes.data()), size});
}

}  // namespace

BatchWriter::BatchWriter(
    pqxx::transaction_base& transaction, AssetTable& assets, const engine::ProjectionBatch& batch
)
    : transaction_(transaction), assets_(assets), batch_(batch) {
    for (const ledger::Asset& asset : batch.assets) assets_.add(asset);
    for (const engine::AuthorizationRow& row : batch.authorizations) {
        const bool told = row.opened.has_value() || row.status_changed;
        fates_[row.id] =
            Fate{row.opened.has_value(), told && row.status != AuthorizationStatus::authorized};
    }
}

void BatchWriter::write() {
    // The staging tables have no statistics; without this, large tables would be read whole for the
    // sake of a few rows.
    transaction_.exec("SET LOCAL random_page_cost = 1.1");
    write_assets();
    write_wallets();
    write_balances();
    write_grants();
    write_authorizations();
    write_lines();
    write_parts();
    write_debits();
    write_idempotency_keys();
    write_entries();
}

void BatchWriter::write_assets() {
    LazyCopy copy(
        transaction_, "assets", "code, asset_index, scale, name, symbol, created_at, lsn"
    );
    for (const ledger::Asset& asset : batch_.assets) {
        copy.row(
            asset.code, asset.index.value, static_cast<unsigned>(asset.scale),
            or_null(storable(asset.name)), or_null(storable(asset.symbol)),
            timestamp_text(asset.created_at), asset.lsn.value
        );
    }
    copy.finish();
}

void BatchWriter::write_wallets() {
    LazyCopy created(
        transaction_, "wallets",
        "id, wallet_hash, status, over_capture, name, metadata, created_at, lsn"
    );
    for (const engine::WalletRow& row : batch_.wallets) {
        if (!row.created) continue;
        created.row(
            row.wallet.text(), row.wallet.hash(),
            to_string(row.status.value_or(ledger::WalletStatus::active)),
            to_string(row.over_capture.value_or(ledger::OverCapture::cap)),
            or_null(storable(row.name.value_or(""))), or_null(storable(row.metadata.value_or(""))),
            timestamp_text(row.created_at), row.lsn.value
        );
    }
    created.finish();
    LazyCopy changed(
        transaction_, "staged_wallets", "id, status, over_capture, name, metadata, lsn"
    );
    for (const engine::WalletRow& row : batch_.wallets) {
        if (row.created) continue;
        changed.row(
            row.wallet.text(), or_null(row.status), or_null(row.over_capture),
            or_null(storable_or_null(row.name)), or_null(storable_or_null(row.metadata)),
            row.lsn.value
        );
    }
    if (const std::size_t count = changed.finish(); count > 0) merge_wallets(transaction_, count);
}

void BatchWriter::write_balances() {
    LazyCopy copy(
        transaction_, "staged_balances",
        "wallet, asset, posted, held, debt, overdraft_held, issued, revenue, breakage, "
        "overdraft_limit, lsn"
    );
    for (const engine::BalanceRow& row : batch_.balances) {
        const ledger::AssetIndex asset = row.asset;
        const std::string limit =
            row.overdraft_limit ? amount(asset, *row.overdraft_limit) : std::string();
        copy.row(
            row.wallet.text(), assets_.code(asset), amount(asset, row.posted),
            amount(asset, row.held), amount(asset, row.debt), amount(asset, row.overdraft_held),
            amount(asset, row.issued), amount(asset, row.revenue), amount(asset, row.breakage),
            or_null(limit), row.lsn.value
        );
    }
    if (const std::size_t count = copy.finish(); count > 0) merge_balances(transaction_, count);
}

void BatchWriter::write_grants() {
    LazyCopy added(
        transaction_, "grants",
        "id, wallet, asset, kind, status, amount, remaining, held, priority, created_at, "
        "effective_at, expires_at, metadata, created_lsn, lsn"
    );
    for (const engine::GrantRow& row : batch_.grants) {
        if (!row.added) continue;
        const ledger::Grant& grant = row.added->grant;
        const ledger::GrantStatus status = row.status.value_or(grant.status);
        // Nothing is posted for a scheduled grant, but all of it remains.
        const bool scheduled = status == ledger::GrantStatus::scheduled;
        added.row(
            row.id.text(), row.added->wallet.text(), assets_.code(grant.asset),
            to_string(grant.kind), to_string(status), amount(grant.asset, row.added->amount),
            amount(grant.asset, scheduled ? row.added->amount : row.remaining),
            amount(grant.asset, row.held), static_cast<unsigned>(grant.priority),
            timestamp_text(row.added->created_at), timestamp_text(grant.effective_at),
            or_null(text_of(grant.expires_at)), or_null(storable(row.added->metadata)),
            grant.lsn.value, row.lsn.value
        );
    }
    added.finish();
    // A difference does not say its asset: it is staged in smallest units and scaled by the merge.
    LazyCopy changed(transaction_, "staged_grants", "id, remaining, held, status, lsn");
    for (const engine::GrantRow& row : batch_.grants) {
        if (row.added) continue;
        changed.row(
            row.id.text(), row.remaining.to_string(0), row.held.to_string(0), or_null(row.status),
            row.lsn.value
        );
    }
    if (const std::size_t count = changed.finish(); count > 0) merge_grants(transaction_, count);
}

void BatchWriter::write_authorizations() {
    LazyCopy opened(
        transaction_, "authorizations",
        "id, wallet, status, late, settled, created_at, expires_at, closed_at, description, "
        "metadata, lsn"
    );
    for (const engine::AuthorizationRow& row : batch_.authorizations) {
        if (!row.opened) continue;
        opened.row(
            row.id.text(), row.opened->wallet.text(), to_string(row.status), row.late, row.settled,
            timestamp_text(row.opened->created_at), timestamp_text(row.expires_at),
            or_null(text_of(row.closed_at)), or_null(storable(row.opened->description)),
            or_null(storable(row.opened->metadata)), row.lsn.value
        );
    }
    opened.finish();
    LazyCopy changed(
        transaction_, "staged_authorizations",
        "id, status_changed, status, late, settled, expires_at, closed_at, lsn"
    );
    for (const engine::AuthorizationRow& row : batch_.authorizations) {
        if (row.opened) continue;
        changed.row(
            row.id.text(), row.status_changed, to_string(row.status), row.late, row.settled,
            timestamp_text(row.expires_at), or_null(text_of(row.closed_at)), row.lsn.value
        );
    }
    if (const std::size_t count = changed.finish(); count > 0) {
        merge_authorizations(transaction_, count);
    }
}

void BatchWriter::write_lines() {
    LazyCopy opened(
        transaction_, "authorization_lines",
        "authorization_id, asset, position, authorized, captured, held"
    );
    // All lines of an authorization come with the record that opens it.
    std::unordered_map<AuthorizationId, unsigned, UidHash> positions;
    for (const engine::HoldLineRow& row : batch_.hold_lines) {
        if (!fate_of(row.authorization).opened) continue;
        opened.row(
            row.authorization.text(), assets_.code(row.asset), positions[row.authorization]++,
            amount(row.asset, row.authorized), amount(row.asset, row.captured),
            amount(row.asset, row.held)
        );
    }
    opened.finish();
    LazyCopy changed(
        transaction_, "staged_lines", "authorization_id, asset, authorized, captured, held"
    );
    for (const engine::HoldLineRow& row : batch_.hold_lines) {
        if (fate_of(row.authorization).opened) continue;
        changed.row(
            row.authorization.text(), assets_.code(row.asset), amount(row.asset, row.authorized),
            amount(row.asset, row.captured), amount(row.asset, row.held)
        );
    }
    if (const std::size_t count = changed.finish(); count > 0) merge_lines(transaction_, count);
}

void BatchWriter::write_parts() {
    const std::string columns = "authorization_id, asset, grant_id, amount, lsn, sequence";
    const auto write = [&](LazyCopy& copy, const engine::HoldPartRow& row) {
        copy.row(
            row.authorization.text(), assets_.code(row.asset), or_null(text_of(row.grant)),
            amount(row.asset, row.amount), row.lsn.value, row.sequence
        );
    };
    LazyCopy opened(transaction_, "hold_parts", columns);
    for (const engine::HoldPartRow& row : batch_.hold_parts) {
        const Fate fate = fate_of(row.authorization);
        if (fate.opened && !fate.closed) write(opened, row);
    }
    opened.finish();
    LazyCopy changed(transaction_, "staged_parts", columns);
    for (const engine::HoldPartRow& row : batch_.hold_parts) {
        const Fate fate = fate_of(row.authorization);
        if (!fate.opened && !fate.closed) write(changed, row);
    }
    if (const std::size_t count = changed.finish(); count > 0) merge_parts(transaction_, count);
}

void BatchWriter::write_debits() {
    LazyCopy copy(transaction_, "debits", "id, wallet, at, description, metadata, lsn");
    for (const engine::DebitRow& row : batch_.debits) {
        copy.row(
            row.id.text(), row.wallet.text(), timestamp_text(row.at),
            or_null(storable(row.description)), or_null(storable(row.metadata)), row.lsn.value
        );
    }
    copy.finish();
}

void BatchWriter::write_idempotency_keys() {
    LazyCopy copy(
        transaction_, "idempotency_keys", "wallet, digest, fingerprint, at, lsn, receipt"
    );
    for (const engine::IdempotencyRow& row : batch_.idempotency) {
        copy.row(
            row.wallet.text(), bytea_of(row.key.digest), bytea_of(row.key.fingerprint),
            timestamp_text(row.at), row.lsn.value, bytea_text(row.receipt)
        );
    }
    copy.finish();
}

void BatchWriter::write_entries() {
    LazyCopy copy(
        transaction_, "entries",
        "wallet, at, lsn, sequence, asset, amount, source, destination, grant_id, "
        "authorization_id, debit_id"
    );
    for (const engine::EntryRow& row : batch_.entries) {
        copy.row(
            row.wallet.text(), timestamp_text(row.at), row.lsn.value, row.sequence,
            assets_.code(row.asset), amount(row.asset, row.amount), to_string(row.source),
            to_string(row.destination), or_null(text_of(row.grant)),
            or_null(text_of(row.authorization)), or_null(text_of(row.debit))
        );
    }
    copy.finish();
}

BatchWriter::Fate BatchWriter::fate_of(AuthorizationId id) const {
    const auto found = fates_.find(id);
    return found == fates_.end() ? Fate{} : found->second;
}

}  // namespace faregate::postgres
