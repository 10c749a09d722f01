#include "postgres/text.h"

#include <algorithm>
#include <charconv>

#include "postgres/error.h"

namespace faregate::postgres {
namespace {

constexpr Timestamp first_time{-62'135'596'800'000'000};  // 0001-01-01T00:00:00Z
constexpr Timestamp last_time{253'402'300'799'999'999};   // 9999-12-31T23:59:59.999999Z

std::optional<std::uint8_t> digit_of(char c) {
    if (c >= '0' && c <= '9') return static_cast<std::uint8_t>(c - '0');
    if (c >= 'a' && c <= 'f') return static_cast<std::uint8_t>(c - 'a' + 10);
    return std::nullopt;
}

/// The length of the UTF-8 sequence that `text` starts with (RFC 3629), or 0 if it is none.
std::size_t sequence_length(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char lead = byte(0);
    if (lead == 0) return 0;
    if (lead < 0x80) return 1;
    const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || text.size() < length) return 0;
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xc0) != 0x80) return 0;
    }
    // Overlong forms, surrogates, and what lies past the last code point.
    if ((lead == 0xe0 && byte(1) < 0xa0) || (lead == 0xed && byte(1) > 0x9f)) return 0;
    if ((lead == 0xf0 && byte(1) < 0x90) || (lead == 0xf4 && byte(1) > 0x8f)) return 0;
    return length;
}

template <typename Number>
Number read(std::string_view text) {
    Number value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) {
        throw Failure(ErrorCode::corruption, "not a number: \"" + std::string(text) + "\"");
    }
    return value;
}

}  // namespace

std::string timestamp_text(Timestamp at) {
    if (at > last_time) return "infinity";
    if (at < first_time) return "-infinity";
    return to_rfc3339(at);
}

std::string micros_of(std::string_view column) {
    return "(extract(epoch FROM " + std::string(column) + ") * 1000000)::bigint";
}

Timestamp read_timestamp(std::string_view micros) { return {read<std::int64_t>(micros)}; }

std::uint64_t read_number(std::string_view text) { return read<std::uint64_t>(text); }

std::string to_hex(std::string_view bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string hex(2 * bytes.size(), '0');
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        const auto byte = static_cast<unsigned char>(bytes[i]);
        hex[2 * i] = digits[byte >> 4];
        hex[2 * i + 1] = digits[byte & 15];
    }
    return hex;
}

std::optional<std::string> from_hex(std::string_view hex) {
    if (hex.size() % 2 != 0) return std::nullopt;
    std::string bytes;
    bytes.reserve(hex.size() / 2);
    for (std::size_t i = 0; i < hex.size(); i += 2) {
        const auto high = digit_of(hex[i]);
        const auto low = digit_of(hex[i + 1]);
        if (!high || !low) return std::nullopt;
        bytes.push_back(static_cast<char>(*high * 16 + *low));
    }
    return bytes;
}

std::string bytea_text(std::string_view bytes) { return "\\x" + to_hex(bytes); }

std::string read_bytea(std::string_view text) {
    auto bytes = text.starts_with("\\x") ? from_hex(text.substr(2)) : std::nullopt;
    if (!bytes) throw Failure(ErrorCode::corruption, "not a bytea: " + std::string(text));
    return std::move(*bytes);
}

std::array<std::uint8_t, 16> read_digest(std::string_view text) {
    const std::string read = read_bytea(text);
    std::array<std::uint8_t, 16> digest{};
    if (read.size() != digest.size()) {
        throw Failure(
            ErrorCode::corruption, "a digest has " + std::to_string(read.size()) + " bytes"
        );
    }
    std::copy(read.begin(), read.end(), digest.begin());
    return digest;
}

std::string storable(std::string text) {
    const bool plain = std::all_of(text.begin(), text.end(), [](char c) {
        return c != 0 && static_cast<unsigned char>(c) < 0x80;
    });
    if (plain) return text;
    std::string result;
    for (std::string_view rest = text; !rest.empty();) {
        const std::size_t length = sequence_length(rest);
        result.append(length == 0 ? std::string_view("\xef\xbf\xbd") : rest.substr(0, length));
        rest.remove_prefix(std::max<std::size_t>(length, 1));
    }
    return result;
}

}  // namespace faregate::postgres
