#include "faregate/core/id.h"

#include <algorithm>

namespace faregate {
namespace {

constexpr std::string_view alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
constexpr std::size_t base32_length = 26;

bool is_wallet_character(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == ':' || c == '@' || c == '-';
}

__extension__ typedef unsigned __int128 uint128_t;

}  // namespace

WalletHash hash_wallet(std::string_view wallet_id) noexcept {
    std::uint64_t hash = 0xcbf29ce484222325;
    for (char c : wallet_id) {
        hash ^= static_cast<unsigned char>(c);
        hash *= 0x100000001b3;
    }
    hash ^= hash >> 33;
    hash *= 0xff51afd7ed558ccd;
    hash ^= hash >> 33;
    hash *= 0xc4ceb9fe1a85ec53;
    hash ^= hash >> 33;
    return static_cast<WalletHash>(hash >> 32);
}

std::optional<WalletId> WalletId::parse(std::string_view text) {
    if (text.empty() || text.size() > length_max) return std::nullopt;
    if (!std::all_of(text.begin(), text.end(), is_wallet_character)) return std::nullopt;
    return WalletId(std::string(text));
}

Uid Uid::make(Timestamp at, WalletHash wallet, Epoch epoch, std::uint32_t counter) noexcept {
    const auto milliseconds = static_cast<std::uint64_t>(at.microseconds / 1000);
    Uid uid;
    uid.high = (milliseconds << 16) | (wallet >> 16);
    uid.low = (static_cast<std::uint64_t>(wallet & 0xffff) << 48) | ((epoch.value & 0xffff) << 32) |
              counter;
    return uid;
}

std::array<std::uint8_t, 16> Uid::bytes() const noexcept {
    std::array<std::uint8_t, 16> result{};
    for (std::size_t i = 0; i < 8; ++i) {
        result[i] = static_cast<std::uint8_t>(high >> (56 - 8 * i));
        result[8 + i] = static_cast<std::uint8_t>(low >> (56 - 8 * i));
    }
    return result;
}

std::optional<Uid> Uid::from_bytes(std::string_view bytes) noexcept {
    if (bytes.size() != 16) return std::nullopt;
    Uid uid;
    for (std::size_t i = 0; i < 8; ++i) {
        uid.high = (uid.high << 8) | static_cast<unsigned char>(bytes[i]);
        uid.low = (uid.low << 8) | static_cast<unsigned char>(bytes[8 + i]);
    }
    return uid;
}

std::string to_base32(Uid uid) {
    uint128_t bits = (static_cast<uint128_t>(uid.high) << 64) | uid.low;
    std::string text(base32_length, '0');
    for (std::size_t i = base32_length; i-- > 0;) {
        text[i] = alphabet[static_cast<std::size_t>(bits & 31)];
        bits >>= 5;
    }
    return text;
}

std::optional<Uid> parse_base32(std::string_view text) noexcept {
    // 26 digits are 130 bits: the first may not exceed 7.
    if (text.size() != base32_length || text.front() > '7') return std::nullopt;
    uint128_t bits = 0;
    for (char c : text) {
        const std::size_t digit = alphabet.find(c);
        if (digit == std::string_view::npos) return std::nullopt;
        bits = (bits << 5) | digit;
    }
    return Uid{static_cast<std::uint64_t>(bits >> 64), static_cast<std::uint64_t>(bits)};
}

std::string JournalId::text() const {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string result;
    for (const std::uint8_t byte : bytes) {
        result.push_back(digits[byte >> 4]);
        result.push_back(digits[byte & 15]);
    }
    return result;
}

std::optional<JournalId> JournalId::parse(std::string_view hexadecimal) noexcept {
    JournalId id;
    if (hexadecimal.size() != 2 * id.bytes.size()) return std::nullopt;
    for (std::size_t i = 0; i < hexadecimal.size(); ++i) {
        const char c = hexadecimal[i];
        const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
        if (digit < 0) return std::nullopt;
        id.bytes[i / 2] = static_cast<std::uint8_t>(id.bytes[i / 2] * 16 + digit);
    }
    return id;
}

std::size_t UidHash::operator()(Uid uid) const noexcept {
    std::uint64_t hash = uid.high ^ (uid.low * 0x9e3779b97f4a7c15);
    hash ^= hash >> 32;
    hash *= 0xd6e8feb86659fd93;
    hash ^= hash >> 32;
    return static_cast<std::size_t>(hash);
}

}  // namespace faregate
