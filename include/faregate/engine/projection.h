#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "faregate/core/id.h"
#include "faregate/core/lsn.h"
#include "faregate/core/result.h"
#include "faregate/engine/idempotency.h"
#include "faregate/ledger/authorization.h"
#include "faregate/ledger/mutation.h"

namespace faregate::engine {

// The projection: what the database is told of a run of consecutive journal records. Everything but
// entries, debits and idempotency records is coalesced, so a hot wallet is one row per batch.

struct EntryRow {
    Lsn lsn;
    std::uint32_t sequence = 0;  ///< within the record, from 0
    Timestamp at;
    WalletId wallet;
    ledger::AssetIndex asset;
    ledger::Side source = ledger::Side::issued;
    ledger::Side destination = ledger::Side::issued;
    Amount amount;
    GrantId grant;                  ///< nil if none
    AuthorizationId authorization;  ///< nil if none
    DebitId debit;                  ///< nil if none
};

/// A wallet that was created or changed in the batch. Absent members keep their value; a created
/// one has them all.
struct WalletRow {
    WalletId wallet;
    bool created = false;
    Timestamp created_at;
    std::optional<ledger::WalletStatus> status;
    std::optional<ledger::OverCapture> over_capture;
    std::optional<std::string> name;
    std::optional<std::string> metadata;
    Lsn lsn;  ///< of the last record that touched the wallet in any way
};

/// What the batch adds to one account.
struct BalanceRow {
    WalletId wallet;
    ledger::AssetIndex asset;
    Amount posted;
    Amount held;
    Amount debt;
    Amount overdraft_held;
    Amount issued;  ///< lifetime totals: with posted they make conservation one cheap query
    Amount revenue;
    Amount breakage;
    std::optional<Amount> overdraft_limit;  ///< the new value, not a difference
    Lsn lsn;
};

/// A grant that was added in the batch (all members), or changed (differences and the new status).
struct GrantRow {
    GrantId id;
    struct Added {
        WalletId wallet;
        ledger::Grant grant;  ///< as it was added; `lsn` is set
        Amount amount;
        Timestamp created_at;
        std::string metadata;
    };
    std::optional<Added> added;
    /// Differences; for an added one from zero. The money of a scheduled grant arrives when it
    /// becomes effective: until then its stored `remaining` is zero, and `load` reports its whole
    /// amount.
    Amount remaining;
    Amount held;
    std::optional<ledger::GrantStatus> status;
    Lsn lsn;
};

/// An authorization that was opened in the batch, or changed.
struct AuthorizationRow {
    AuthorizationId id;
    struct Opened {
        WalletId wallet;
        Timestamp created_at;
        std::string description;
        std::string metadata;
    };
    std::optional<Opened> opened;
    ledger::AuthorizationStatus status = ledger::AuthorizationStatus::authorized;
    bool late = false;
    bool settled = false;
    Timestamp expires_at;
    Timestamp closed_at = Timestamp::never();
    bool status_changed = false;  ///< the five members above are to be written
    Lsn lsn;
};

/// What the batch adds to one asset of an authorization. The lines of one that was opened in the
/// batch stand in the order of the request, which is kept.
struct HoldLineRow {
    AuthorizationId authorization;
    ledger::AssetIndex asset;
    Amount authorized;
    Amount captured;
    Amount held;
};

/// What the batch adds to a hold's part in one grant (nil: the credit line). Parts keep the order
/// of (lsn, sequence) of their first row. Only open authorizations have parts: those of one that is
/// closed are deleted.
struct HoldPartRow {
    AuthorizationId authorization;
    ledger::AssetIndex asset;
    GrantId grant;
    Amount amount;
    Lsn lsn;
    std::uint32_t sequence = 0;
};

struct DebitRow {
    DebitId id;
    WalletId wallet;
    Timestamp at;
    std::string description;
    std::string metadata;
    Lsn lsn;
};

struct IdempotencyRow {
    WalletId wallet;  ///< empty for assets
    IdempotencyKey key;
    Timestamp at;
    Lsn lsn;
    std::string receipt;  ///< bytes of record.proto's Receipt
};

struct ProjectionBatch {
    Lsn first;
    Lsn last;
    std::string last_hash;  ///< journal::record_hash of the record `last`
    Timestamp last_at;      ///< the highest time stamp; never goes back
    std::vector<ledger::Asset> assets;
    std::vector<WalletRow> wallets;
    std::vector<BalanceRow> balances;
    std::vector<GrantRow> grants;
    std::vector<AuthorizationRow> authorizations;
    std::vector<HoldLineRow> hold_lines;
    std::vector<HoldPartRow> hold_parts;
    std::vector<DebitRow> debits;
    std::vector<IdempotencyRow> idempotency;
    std::vector<EntryRow> entries;

    bool empty() const noexcept { return last == Lsn{}; }
};

/// Receives a stored state row by row, in this order: assets by index, wallets (with accounts and
/// grants filled in), authorizations, idempotency records by LSN (most without a receipt, which
/// stays in the database until it is asked for); set_last_at at any time.
class StateSink {
  public:
    virtual ~StateSink() = default;
    virtual void add_asset(ledger::Asset asset) = 0;
    virtual void add_wallet(ledger::Wallet wallet) = 0;
    virtual void add_authorization(ledger::Authorization authorization) = 0;
    virtual void add_idempotency(IdempotencyRow row) = 0;
    /// The highest time stamp of any mutation so far; called once.
    virtual void set_last_at(Timestamp at) = 0;
};

/// The database's side of ownership.
struct Claim {
    JournalId journal;
    Epoch epoch;
    Lsn applied_lsn;
    /// journal::record_hash of the record at applied_lsn; empty if that is not known. Copies of one
    /// journal that were served by turns have other records at one LSN.
    std::string applied_hash;
};

/// Where the projection is kept. One implementation writes to PostgreSQL, tests have another.
/// Not thread-safe: used by the thread that starts the server, then by the projector's alone.
/// Errors: `unavailable` when the database is away and a later call may succeed (the outcome of a
/// commit is then unknown: ask applied_lsn), `fenced` when another server has taken over.
class ProjectionStore {
  public:
    virtual ~ProjectionStore() = default;

    /// The journal that the database belongs to, or nothing for a new database.
    virtual Result<std::optional<Claim>> current() = 0;

    /// Becomes the owner: raises the epoch above every earlier one, so that every earlier owner is
    /// fenced, and above `above`, the newest that the journal knows of: a database that fell back
    /// may not. Registers the journal if the database is new. With `replace`, takes the database
    /// over from another journal; without it, another journal is an `already_exists` error.
    virtual Result<Claim> claim(const JournalId& journal, Epoch above, bool replace) = 0;

    /// Reads the state at applied_lsn, from one snapshot. Left out are closed authorizations and
    /// idempotency records that are older than `kept` at the time of the newest stored mutation.
    virtual Status load(Duration kept, StateSink& sink) = 0;

    /// The LSN up to which everything is committed; `fenced` if the epoch is no longer this one's.
    virtual Result<Lsn> applied_lsn() = 0;

    /// Commits a batch whole or not at all, and only if its first LSN follows applied_lsn.
    virtual Status commit(const ProjectionBatch& batch) = 0;
};

}  // namespace faregate::engine
