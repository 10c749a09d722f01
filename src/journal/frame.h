#pragma once

#include <string>

#include "journal/file_window.h"
#include "journal/format.h"
#include "journal/sha256.h"

namespace faregate::journal {

enum class FrameState {
    valid,       ///< checksums and records are right
    unused,      ///< a sector of zeros, or the end of the file
    unreadable,  ///< no header of this journal: damage, or the bytes of another journal
    torn,        ///< the header is right, the payload is not, and it lacks sectors
    damaged,     ///< the same, and it lacks none
    impossible,  ///< checksums are right, but no writer of this version writes such a frame
    newer,       ///< the header's checksum is right, and its version cannot be read
};

struct FrameView {
    FrameState state = FrameState::unused;
    FrameHeader header;                ///< of all but the first two that follow `valid`
    std::span<const std::byte> bytes;  ///< of `valid`: the whole frame, in the window
    std::string problem;               ///< of all but `valid` and `unused`, for a message

    std::span<const std::byte> payload() const {
        return bytes.subspan(frame_header_size, header.payload_size);
    }
};

/// Reads what stands at `offset`. The views live until the window's next use. The frames of a file
/// have its version; nothing if that is lost.
Result<FrameView> read_frame(
    FileWindow& window, std::uint64_t offset, const JournalId& journal,
    std::optional<std::uint16_t> file_version
);

/// The state of a journal after a frame: what the next one must agree with.
class Chain {
  public:
    Chain(Lsn next_lsn, const Hash& previous_hash) : next_lsn_(next_lsn), hash_(previous_hash) {}

    Lsn next_lsn() const noexcept { return next_lsn_; }
    const Hash& hash() const noexcept { return hash_; }
    Epoch epoch() const noexcept { return epoch_; }

    /// Empty if a frame with this header may come next; otherwise what contradicts.
    std::string problem_with(const FrameHeader& header) const;
    void follow(const FrameHeader& header, std::span<const std::byte> frame);

  private:
    Lsn next_lsn_;
    Hash hash_;
    Epoch epoch_;
    Sha256 sha256_;
};

struct Rest {
    /// The first frame header of this journal, if there is one.
    std::optional<std::uint64_t> frame_offset;
    FrameHeader frame;
    /// Sectors that are not zero, from the first to the last; empty if begin == end.
    std::uint64_t dirty_begin = 0;
    std::uint64_t dirty_end = 0;
};

/// Looks through everything from `begin` to the end of the file. Frames are looked for from
/// `frames_begin`. Stops at the first frame.
Result<Rest> scan_rest(
    FileWindow& window, std::uint64_t begin, std::uint64_t frames_begin, const JournalId& journal
);

bool is_zero(std::span<const std::byte> bytes) noexcept;

/// How many of the sectors are all zeros, but at most zero_sectors_max.
std::uint16_t count_zero_sectors(std::span<const std::byte> bytes) noexcept;

}  // namespace faregate::journal
