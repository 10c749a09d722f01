#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "faregate/core/id.h"
#include "faregate/core/lsn.h"

namespace faregate::journal {

// The bytes of a journal. docs/journal-format.md specifies them; this only follows it.

inline constexpr std::size_t sector_size = 512;
inline constexpr std::size_t frame_header_size = 96;
inline constexpr std::size_t record_prefix_size = 4;
/// What is written. All versions from the oldest on can be read.
inline constexpr std::uint16_t format_version = 2;
inline constexpr std::uint16_t oldest_format_version = 1;

constexpr bool is_readable(std::uint16_t version) noexcept {
    return version >= oldest_format_version && version <= format_version;
}
/// "format version 3: a newer Faregate wrote it, ..." Precondition: !is_readable(version).
std::string describe_unreadable(std::uint16_t version);

using Hash = std::array<std::uint8_t, 32>;

constexpr std::uint64_t round_up_to_sector(std::uint64_t size) noexcept {
    return (size + sector_size - 1) / sector_size * sector_size;
}

/// The first sector of a file.
struct FileHeader {
    std::uint16_t version = format_version;
    JournalId journal;
    std::uint64_t sequence = 0;
    std::uint64_t file_size = 0;
    Lsn first_lsn;  ///< 0: prepared, not in use yet
    Hash previous_hash{};

    bool in_use() const noexcept { return first_lsn != Lsn{}; }
    friend bool operator==(const FileHeader&, const FileHeader&) = default;
};

void encode(const FileHeader& header, std::span<std::byte, sector_size> out) noexcept;
/// Nothing if magic or checksum are wrong. If the version is not readable, all else means nothing.
std::optional<FileHeader> decode_file_header(std::span<const std::byte> bytes) noexcept;

/// Of FrameHeader::zero_sectors: so many or more.
inline constexpr std::uint16_t zero_sectors_max = 0xffff;

struct FrameHeader {
    std::uint16_t version = format_version;
    std::uint16_t zero_sectors = 0;  ///< of the whole frame as written; version 1 has 0 here
    JournalId journal;
    Epoch epoch;
    Lsn first_lsn;
    Lsn durable_lsn;  ///< the last LSN known to be durable when the frame was written
    std::uint32_t count = 0;
    std::uint32_t payload_size = 0;
    Hash previous_hash{};
    std::uint32_t payload_crc = 0;

    /// With header and padding; a multiple of sector_size.
    std::uint64_t frame_size() const noexcept {
        return round_up_to_sector(frame_header_size + payload_size);
    }
    Lsn next_lsn() const noexcept { return Lsn{first_lsn.value + count}; }
    friend bool operator==(const FrameHeader&, const FrameHeader&) = default;
};

void encode(const FrameHeader& header, std::span<std::byte, frame_header_size> out) noexcept;
/// Nothing if magic or header checksum are wrong. If the version is not readable, all else means
/// nothing.
std::optional<FrameHeader> decode_frame_header(std::span<const std::byte> bytes) noexcept;

void encode_record_size(std::uint32_t size, std::byte* out) noexcept;
std::uint32_t decode_record_size(const std::byte* bytes) noexcept;

/// Whether `payload` is exactly `count` records.
bool is_well_formed(std::span<const std::byte> payload, std::uint32_t count) noexcept;

/// `0000000000000001.journal`, and back. Nothing for any other name.
std::string file_name(std::uint64_t sequence);
std::optional<std::uint64_t> parse_file_name(std::string_view name) noexcept;
inline constexpr std::string_view temporary_suffix = ".tmp";

}  // namespace faregate::journal
