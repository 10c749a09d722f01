#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "faregate/core/id.h"
#include "faregate/core/lsn.h"
#include "faregate/core/result.h"
#include "faregate/core/time.h"
#include "faregate/engine/projection.h"

namespace faregate::postgres {

// Reads of the projection, as texts ready for JSON: amounts in asset units without trailing zeros,
// times in RFC 3339. "cursor" is opaque to clients; an unreadable one is `invalid_argument`.

struct EntryRecord {
    Lsn lsn;
    std::uint32_t sequence = 0;
    std::string at;
    std::string asset;
    std::string amount;
    std::string source;
    std::string destination;
    std::optional<std::string> grant;
    std::optional<std::string> authorization;
    std::optional<std::string> debit;
    std::optional<std::string> description;  ///< of the authorization or debit
};

struct GrantRecord {
    std::string id;
    std::string wallet;
    std::string asset;
    std::string kind;
    std::string status;  ///< scheduled, active, exhausted, expired or revoked
    std::string amount;
    std::string remaining;
    std::string held;
    int priority = 0;
    std::string created_at;
    std::string effective_at;
    std::optional<std::string> expires_at;
    std::string metadata;  ///< a JSON object, or empty
    Lsn lsn;
};

struct BalanceRecord {
    std::string asset;
    std::string posted;
    std::string held;
    std::string available;
    std::string overdraft_limit;  ///< today's: limits have no history
};

struct AuthorizationLineRecord {
    std::string asset;
    std::string authorized;
    std::string captured;
    std::string held;
};

struct AuthorizationRecord {
    std::string id;
    std::string wallet;
    std::string status;
    bool late = false;
    std::string created_at;
    std::string expires_at;
    std::optional<std::string> closed_at;
    std::string description;
    std::string metadata;
    std::vector<AuthorizationLineRecord> lines;
    Lsn lsn;
};

template <typename T>
struct Page {
    std::vector<T> data;
    std::optional<std::string> next_cursor;
};

struct EntryFilter {
    std::optional<std::string> asset;
    std::optional<Timestamp> from;  ///< inclusive
    std::optional<Timestamp> to;    ///< exclusive
};

/// Conservation of one asset over the whole projection.
struct AssetAudit {
    std::string asset;
    std::string issued;
    std::string posted;
    std::string held;
    std::string debt;
    std::string revenue;
    std::string breakage;
    std::string held_by_authorizations;
    bool ok = false;  ///< issued = posted + revenue + breakage, and held = held_by_authorizations
};

struct Audit {
    bool ok = false;
    Lsn applied_lsn;  ///< of the snapshot that was audited
    std::vector<AssetAudit> assets;
};

/// One contradiction between the entries and a derived table; `what` is a sentence for people.
struct Discrepancy {
    std::string table;
    std::string key;
    std::string what;
};

/// Thread-safe: keeps a small pool of connections and reconnects by itself. Every call blocks on
/// PostgreSQL, so it belongs on a worker thread. Error `unavailable`: PostgreSQL is away or too
/// slow (a statement timeout guards every call).
class Queries {
  public:
    Queries(std::string database_url, std::size_t connections_max);
    ~Queries();

    Result<Lsn> applied_lsn();
    Result<Page<EntryRecord>> entries(
        const WalletId& wallet, const EntryFilter& filter, const std::string& cursor,
        std::uint32_t limit
    );
    Result<Page<GrantRecord>> grants(
        const WalletId& wallet, const std::string& cursor, std::uint32_t limit
    );
    Result<std::optional<GrantRecord>> grant(GrantId id);
    /// The ids of wallets in their order.
    Result<Page<WalletId>> wallets(const std::string& cursor, std::uint32_t limit);
    /// Balances as they were at the end of that microsecond, summed from the entries.
    Result<std::vector<BalanceRecord>> balances_at(const WalletId& wallet, Timestamp at);
    Result<std::optional<AuthorizationRecord>> authorization(AuthorizationId id);
    /// The answers under idempotency keys that these journal records keep, by LSN; those that the
    /// projection does not have are left out.
    Result<std::vector<engine::IdempotencyRow>> answers(const std::vector<Lsn>& lsns);
    /// From the tables of balances; cheap enough for an endpoint.
    Result<Audit> audit();
    /// From the entries: recomputes every balance, grant and hold, and names what differs (at most
    /// `limit` of them). Reads everything.
    Result<std::vector<Discrepancy>> verify(std::uint32_t limit);

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace faregate::postgres
