#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "faregate/core/amount.h"
#include "faregate/core/id.h"
#include "faregate/core/lsn.h"
#include "faregate/core/time.h"
#include "faregate/ledger/asset.h"

namespace faregate::ledger {

enum class GrantKind : std::uint8_t { paid, promotional, recurring };
enum class GrantStatus : std::uint8_t {
    scheduled,  ///< Not effective yet; outside all balances.
    active,
    expired,
    revoked,
};
enum class WalletStatus : std::uint8_t { active, frozen };
/// What a capture of more than is held does; see decide(Capture).
enum class OverCapture : std::uint8_t { reject, cap, debt };

inline constexpr std::uint8_t grant_priority_default = 50;
inline constexpr std::uint8_t grant_priority_max = 100;

/// A lot of credit in one account. An expired or revoked grant stays as long as holds pin a part
/// of it; one with nothing left is dropped from memory (the database keeps it).
struct Grant {
    GrantId id;
    Amount remaining;  ///< Not spent yet, what is held included. While scheduled: the whole amount.
    Amount held;       ///< Pinned by open authorizations; at most `remaining`.
    Timestamp effective_at;
    Timestamp expires_at = Timestamp::never();
    Lsn lsn;  ///< Of its creation; the last rule of the burn order.
    AssetIndex asset;
    std::uint8_t priority = grant_priority_default;
    GrantKind kind = GrantKind::paid;
    GrantStatus status = GrantStatus::active;

    Amount free() const noexcept { return remaining - held; }
};

/// True if `a` is spent before `b`: priority (low first), earliest expiry, promotional and
/// recurring before paid, earliest effective, lowest LSN.
bool burns_before(const Grant& a, const Grant& b) noexcept;

/// One asset inside one wallet. With free = the sum of the active grants' free parts:
///     posted    = free + held - debt
///     available = posted - held + overdraft_limit
struct Account {
    AssetIndex asset;
    Amount posted;
    Amount held;
    Amount overdraft_limit;
    Amount debt;            ///< Drawn from the credit line, spent or held.
    Amount overdraft_held;  ///< The part of `held` that is drawn from the credit line.

    Amount available() const noexcept { return posted - held + overdraft_limit; }
    Amount free() const noexcept { return posted - held + debt; }
    Amount spent_debt() const noexcept { return debt - overdraft_held; }
    /// Taken below its limit, which only the over-capture policy `debt` can do.
    bool over_limit() const noexcept { return available().is_negative(); }
};

/// The container that one payer owns. A plain value: only `apply` changes it after it was loaded.
struct Wallet {
    WalletId id;
    Timestamp created_at;
    Lsn lsn;  ///< Of the last mutation; a reply about this wallet waits for it.
    WalletStatus status = WalletStatus::active;
    OverCapture over_capture = OverCapture::cap;
    std::vector<Account> accounts;  ///< ordered by asset
    std::vector<Grant> grants;      ///< ordered by burns_before, all assets together

    const std::string& name() const noexcept;
    const std::string& metadata() const noexcept;  ///< a JSON object, or empty
    void set_labels(std::string name, std::string metadata);

    const Account* find_account(AssetIndex asset) const noexcept;
    /// Creates the account if there is none.
    Account& account(AssetIndex asset);
    Amount available(AssetIndex asset) const noexcept;
    const Grant* find_grant(GrantId grant_id) const noexcept;
    Grant* find_grant(GrantId grant_id) noexcept;
    void insert_grant(Grant grant);

  private:
    /// What the rules have no use for, and most wallets do without.
    struct Labels {
        std::string name;
        std::string metadata;
    };
    static const Labels& no_labels() noexcept;

    std::shared_ptr<const Labels> labels_;
};

const char* to_string(GrantKind kind) noexcept;
const char* to_string(GrantStatus status) noexcept;
const char* to_string(WalletStatus status) noexcept;
const char* to_string(OverCapture policy) noexcept;
std::optional<GrantKind> parse_grant_kind(std::string_view text) noexcept;
std::optional<GrantStatus> parse_grant_status(std::string_view text) noexcept;
std::optional<WalletStatus> parse_wallet_status(std::string_view text) noexcept;
std::optional<OverCapture> parse_over_capture(std::string_view text) noexcept;

}  // namespace faregate::ledger
