#include "journal/frame.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "journal/crc32c.h"

namespace faregate::journal {

bool is_zero(std::span<const std::byte> bytes) noexcept {
    return bytes.empty() || (bytes[0] == std::byte{} &&
                             std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0);
}

std::uint16_t count_zero_sectors(std::span<const std::byte> bytes) noexcept {
    std::uint16_t count = 0;
    for (std::size_t at = 0; at < bytes.size() && count < zero_sectors_max; at += sector_size) {
        if (is_zero(bytes.subspan(at, sector_size))) ++count;
    }
    return count;
}

namespace {

/// Whether a part of a frame with a bad payload was never written. A sector is written whole or not
/// at all, and where frames go there were zeros before: so a part that is missing adds to the zero
/// sectors that were written as such, and nothing takes any away. A header of version 1 says 0.
bool lacks_sectors(const FrameHeader& header, std::span<const std::byte> bytes) noexcept {
    const std::uint16_t found = count_zero_sectors(bytes);
    return found > header.zero_sectors || found == zero_sectors_max;
}

}  // namespace

Result<FrameView> read_frame(
    FileWindow& window, std::uint64_t offset, const JournalId& journal,
    std::optional<std::uint16_t> file_version
) {
    FrameView frame;
    FG_TRY_ASSIGN(const auto sector, window.view(offset, sector_size));
    if (is_zero(sector)) return frame;
    const auto header = decode_frame_header(sector);
    if (header && !is_readable(header->version)) {
        frame.header = *header;
        frame.state = FrameState::newer;
        frame.problem = "the frame has " + describe_unreadable(header->version);
        return frame;
    }
    if (!header || header->journal != journal) {
        frame.state = FrameState::unreadable;
        frame.problem =
            header ? "the frame belongs to another journal" : "there is no frame header";
        return frame;
    }
    frame.header = *header;
    frame.state = FrameState::impossible;
    if (header->version != file_version.value_or(header->version)) {
        frame.problem = fmt::format(
            "the frame has format version {}, and the file version {}", header->version,
            *file_version
        );
        return frame;
    }
    const std::uint64_t size = header->frame_size();
    if (size > window.file_size() - offset) {
        frame.problem = fmt::format("the frame of {} bytes reaches past the end of the file", size);
        return frame;
    }
    FG_TRY_ASSIGN(frame.bytes, window.view(offset, static_cast<std::size_t>(size)));
    if (frame.bytes.size() < size ||
        crc32c(frame.bytes.subspan(frame_header_size)) != header->payload_crc) {
        const bool torn = lacks_sectors(*header, frame.bytes);
        frame.state = torn ? FrameState::torn : FrameState::damaged;
        frame.problem = torn ? "a part of the frame was never written"
                             : "the checksum of the payload is wrong, though all of it was written";
    } else if (!is_well_formed(frame.payload(), header->count)) {
        frame.problem = "the payload is not a list of records";
    } else {
        frame.state = FrameState::valid;
    }
    return frame;
}

std::string Chain::problem_with(const FrameHeader& header) const {
    if (header.first_lsn != next_lsn_) {
        return fmt::format(
            "LSN {} should come next, and the frame begins with {}", next_lsn_.value,
            header.first_lsn.value
        );
    }
    if (header.previous_hash != hash_) return "the hash of the previous frame does not match";
    if (header.epoch < epoch_) {
        return fmt::format(
            "the frame of epoch {} follows one of epoch {}", header.epoch.value, epoch_.value
        );
    }
    if (header.durable_lsn >= header.first_lsn) {
        return fmt::format(
            "the frame that begins with LSN {} says that LSN {} was durable before it",
            header.first_lsn.value, header.durable_lsn.value
        );
    }
    return {};
}

void Chain::follow(const FrameHeader& header, std::span<const std::byte> frame) {
    next_lsn_ = header.next_lsn();
    epoch_ = header.epoch;
    hash_ = sha256_(frame);
}

Result<Rest> scan_rest(
    FileWindow& window, std::uint64_t begin, std::uint64_t frames_begin, const JournalId& journal
) {
    Rest rest{std::nullopt, {}, begin, begin};
    for (std::uint64_t offset = begin; offset < window.file_size(); offset += sector_size) {
        FG_TRY_ASSIGN(const auto sector, window.view(offset, sector_size));
        if (is_zero(sector)) continue;
        if (rest.dirty_end == begin) rest.dirty_begin = offset;
        rest.dirty_end = offset + sector.size();
        if (offset < frames_begin) continue;
        const auto header = decode_frame_header(sector);
        if (!header || header->journal != journal) continue;
        rest.frame_offset = offset;
        rest.frame = *header;
        return rest;
    }
    return rest;
}

}  // namespace faregate::journal
