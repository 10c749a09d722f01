#include "journal/format.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <type_traits>

#include "journal/crc32c.h"

namespace faregate::journal {
namespace {

constexpr std::string_view file_magic = "FGJF";
constexpr std::string_view frame_magic = "FGFR";
constexpr std::string_view file_suffix = ".journal";
constexpr std::size_t sequence_digits = 16;
constexpr std::size_t file_crc_offset = sector_size - 4;
constexpr std::size_t frame_crc_offset = frame_header_size - 4;

/// Lays fields out one after the other, integers little-endian.
class Encoder {
  public:
    explicit Encoder(std::byte* out) : out_(out) {}

    template <typename Integer>
    void integer(Integer value) {
        static_assert(std::is_unsigned_v<Integer>);
        for (std::size_t i = 0; i < sizeof value; ++i) {
            *out_++ = static_cast<std::byte>((value >> (8 * i)) & 0xff);
        }
    }
    void bytes(const void* from, std::size_t size) {
        std::memcpy(out_, from, size);
        out_ += size;
    }

  private:
    std::byte* out_;
};

class Decoder {
  public:
    explicit Decoder(const std::byte* from) : from_(from) {}

    template <typename Integer>
    Integer integer() {
        std::uint64_t value = 0;
        for (std::size_t i = 0; i < sizeof(Integer); ++i) {
            value |= std::to_integer<std::uint64_t>(*from_++) << (8 * i);
        }
        return static_cast<Integer>(value);
    }
    void bytes(void* to, std::size_t size) {
        std::memcpy(to, from_, size);
        from_ += size;
    }

  private:
    const std::byte* from_;
};

bool starts_with(std::span<const std::byte> bytes, std::string_view magic) {
    return std::memcmp(bytes.data(), magic.data(), magic.size()) == 0;
}

}  // namespace

std::string describe_unreadable(std::uint16_t version) {
    return fmt::format(
        "format version {}: {}, and this one reads versions {} to {}", version,
        version > format_version ? "a newer Faregate wrote it" : "no Faregate wrote it",
        oldest_format_version, format_version
    );
}

void encode(const FileHeader& header, std::span<std::byte, sector_size> out) noexcept {
    std::ranges::fill(out, std::byte{});
    Encoder encoder(out.data());
    encoder.bytes(file_magic.data(), file_magic.size());
    encoder.integer(header.version);
    encoder.integer(std::uint16_t{});
    encoder.bytes(header.journal.bytes.data(), header.journal.bytes.size());
    encoder.integer(header.sequence);
    encoder.integer(header.file_size);
    encoder.integer(header.first_lsn.value);
    encoder.bytes(header.previous_hash.data(), header.previous_hash.size());
    Encoder(out.data() + file_crc_offset).integer(crc32c(out.first(file_crc_offset)));
}

std::optional<FileHeader> decode_file_header(std::span<const std::byte> bytes) noexcept {
    if (bytes.size() < sector_size || !starts_with(bytes, file_magic)) return std::nullopt;
    const auto crc = Decoder(bytes.data() + file_crc_offset).integer<std::uint32_t>();
    if (crc != crc32c(bytes.first(file_crc_offset))) return std::nullopt;
    Decoder decoder(bytes.data() + file_magic.size());
    FileHeader header;
    header.version = decoder.integer<std::uint16_t>();
    decoder.integer<std::uint16_t>();
    decoder.bytes(header.journal.bytes.data(), header.journal.bytes.size());
    header.sequence = decoder.integer<std::uint64_t>();
    header.file_size = decoder.integer<std::uint64_t>();
    header.first_lsn.value = decoder.integer<std::uint64_t>();
    decoder.bytes(header.previous_hash.data(), header.previous_hash.size());
    return header;
}

void encode(const FrameHeader& header, std::span<std::byte, frame_header_size> out) noexcept {
    Encoder encoder(out.data());
    encoder.bytes(frame_magic.data(), frame_magic.size());
    encoder.integer(header.version);
    encoder.integer(header.zero_sectors);
    encoder.bytes(header.journal.bytes.data(), header.journal.bytes.size());
    encoder.integer(header.epoch.value);
    encoder.integer(header.first_lsn.value);
    encoder.integer(header.durable_lsn.value);
    encoder.integer(header.count);
    encoder.integer(header.payload_size);
    encoder.bytes(header.previous_hash.data(), header.previous_hash.size());
    encoder.integer(header.payload_crc);
    encoder.integer(crc32c(out.first(frame_crc_offset)));
}

std::optional<FrameHeader> decode_frame_header(std::span<const std::byte> bytes) noexcept {
    if (bytes.size() < frame_header_size || !starts_with(bytes, frame_magic)) return std::nullopt;
    const auto crc = Decoder(bytes.data() + frame_crc_offset).integer<std::uint32_t>();
    if (crc != crc32c(bytes.first(frame_crc_offset))) return std::nullopt;
    Decoder decoder(bytes.data() + frame_magic.size());
    FrameHeader header;
    header.version = decoder.integer<std::uint16_t>();
    header.zero_sectors = decoder.integer<std::uint16_t>();
    decoder.bytes(header.journal.bytes.data(), header.journal.bytes.size());
    header.epoch.value = decoder.integer<std::uint64_t>();
    header.first_lsn.value = decoder.integer<std::uint64_t>();
    header.durable_lsn.value = decoder.integer<std::uint64_t>();
    header.count = decoder.integer<std::uint32_t>();
    header.payload_size = decoder.integer<std::uint32_t>();
    decoder.bytes(header.previous_hash.data(), header.previous_hash.size());
    header.payload_crc = decoder.integer<std::uint32_t>();
    return header;
}

void encode_record_size(std::uint32_t size, std::byte* out) noexcept { Encoder(out).integer(size); }

std::uint32_t decode_record_size(const std::byte* bytes) noexcept {
    return Decoder(bytes).integer<std::uint32_t>();
}

bool is_well_formed(std::span<const std::byte> payload, std::uint32_t count) noexcept {
    for (std::uint32_t i = 0; i < count; ++i) {
        if (payload.size() < record_prefix_size) return false;
        const std::uint32_t size = decode_record_size(payload.data());
        payload = payload.subspan(record_prefix_size);
        if (payload.size() < size) return false;
        payload = payload.subspan(size);
    }
    return payload.empty();
}

std::string file_name(std::uint64_t sequence) {
    return fmt::format("{:0{}}{}", sequence, sequence_digits, file_suffix);
}

std::optional<std::uint64_t> parse_file_name(std::string_view name) noexcept {
    if (name.size() != sequence_digits + file_suffix.size()) return std::nullopt;
    if (!name.ends_with(file_suffix)) return std::nullopt;
    std::uint64_t sequence = 0;
    const char* end = name.data() + sequence_digits;
    const auto parsed = std::from_chars(name.data(), end, sequence);
    if (parsed.ec != std::errc{} || parsed.ptr != end || sequence == 0) return std::nullopt;
    return sequence;
}

}  // namespace faregate::journal
