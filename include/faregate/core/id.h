#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "faregate/core/lsn.h"
#include "faregate/core/time.h"

namespace faregate {

/// 32 bits of a wallet's id that say which stripe (and, with several servers, which server) owns
/// it. Part of ids and of the database, so it never changes: FNV-1a 64 with murmur3's finalizer,
/// upper half.
using WalletHash = std::uint32_t;
WalletHash hash_wallet(std::string_view wallet_id) noexcept;

/// A wallet's id, as its owner chose it: 1 to 128 characters of `A-Z a-z 0-9 . _ : @ -`.
class WalletId {
  public:
    static constexpr std::size_t length_max = 128;
    WalletId() = default;
    /// Nothing if `text` is not a wallet id.
    static std::optional<WalletId> parse(std::string_view text);
    /// For text that was checked before (a journal record, a row).
    static WalletId trusted(std::string text) { return WalletId(std::move(text)); }

    const std::string& text() const noexcept { return text_; }
    WalletHash hash() const noexcept { return hash_wallet(text_); }
    friend auto operator<=>(const WalletId&, const WalletId&) = default;

  private:
    explicit WalletId(std::string text) : text_(std::move(text)) {}
    std::string text_;
};

/// 128 bits that name an authorization, a grant or a debit. Ordered by the time of creation, and
/// carrying the hash of the wallet, so that the owner of the wallet is found from the id alone:
///
///     48 bits  milliseconds since 1970
///     32 bits  WalletHash
///     16 bits  low bits of the server's epoch
///     32 bits  counter of the stripe
struct Uid {
    std::uint64_t high = 0;
    std::uint64_t low = 0;

    static Uid make(Timestamp at, WalletHash wallet, Epoch epoch, std::uint32_t counter) noexcept;
    WalletHash wallet_hash() const noexcept {
        return static_cast<WalletHash>((high << 16) | (low >> 48));
    }
    constexpr bool is_nil() const noexcept { return high == 0 && low == 0; }
    std::array<std::uint8_t, 16> bytes() const noexcept;
    static std::optional<Uid> from_bytes(std::string_view bytes) noexcept;
    friend constexpr auto operator<=>(Uid, Uid) = default;
};

/// 26 characters of Crockford's base 32, lower case, most significant first.
std::string to_base32(Uid uid);
/// Reads exactly what to_base32 writes.
std::optional<Uid> parse_base32(std::string_view text) noexcept;

/// A Uid of one kind; its text is the kind's prefix followed by the base 32 form.
template <typename Kind>
struct TypedId {
    Uid uid;

    std::string text() const { return std::string(Kind::prefix) + to_base32(uid); }
    static std::optional<TypedId> parse(std::string_view text) {
        if (!text.starts_with(Kind::prefix)) return std::nullopt;
        auto uid = parse_base32(text.substr(Kind::prefix.size()));
        if (!uid) return std::nullopt;
        return TypedId{*uid};
    }
    bool is_nil() const noexcept { return uid.is_nil(); }
    friend constexpr auto operator<=>(TypedId, TypedId) = default;
};

struct AuthorizationKind {
    static constexpr std::string_view prefix = "auth_";
};
struct GrantKindTag {
    static constexpr std::string_view prefix = "grant_";
};
struct DebitKind {
    static constexpr std::string_view prefix = "debit_";
};
using AuthorizationId = TypedId<AuthorizationKind>;
using GrantId = TypedId<GrantKindTag>;
using DebitId = TypedId<DebitKind>;

/// Names one journal for ever: 16 random bytes, made when the journal is created.
struct JournalId {
    std::array<std::uint8_t, 16> bytes{};

    /// 32 lower-case hexadecimal digits.
    std::string text() const;
    static std::optional<JournalId> parse(std::string_view hexadecimal) noexcept;
    friend constexpr auto operator<=>(const JournalId&, const JournalId&) = default;
};

/// Spreads the bits for a hash table; the counter and the time vary most.
struct UidHash {
    std::size_t operator()(Uid uid) const noexcept;
    template <typename Kind>
    std::size_t operator()(TypedId<Kind> id) const noexcept {
        return (*this)(id.uid);
    }
};

}  // namespace faregate
