#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "faregate/core/time.h"

namespace faregate::postgres {

// How values are written in SQL and read back.

/// For a timestamptz parameter or COPY field. Times that RFC 3339 cannot write are infinite.
std::string timestamp_text(Timestamp at);

/// SQL that gives a timestamptz as microseconds since 1970; read it with read_timestamp.
std::string micros_of(std::string_view column);
Timestamp read_timestamp(std::string_view micros);

/// The number in a field of an integer type. Throws Failure `corruption` if it is none.
std::uint64_t read_number(std::string_view text);

std::string to_hex(std::string_view bytes);
/// Nothing if `hex` is not what to_hex writes.
std::optional<std::string> from_hex(std::string_view hex);

/// The text form of a bytea, both ways. read_bytea throws Failure `corruption`.
std::string bytea_text(std::string_view bytes);
std::string read_bytea(std::string_view text);
/// The text form of 16 bytes. Throws Failure `corruption`.
std::array<std::uint8_t, 16> read_digest(std::string_view text);

/// `text` as PostgreSQL can store it: NUL and what is not UTF-8 become U+FFFD. Callers check their
/// texts before; this makes sure that one that slipped through cannot stop the projection for ever.
std::string storable(std::string text);

}  // namespace faregate::postgres
