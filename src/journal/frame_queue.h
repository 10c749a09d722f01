#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "faregate/core/lsn.h"
#include "journal/format.h"

namespace faregate::journal {

/// Where the next frame goes.
struct FilePlace {
    std::uint64_t sequence = 0;
    std::uint64_t offset = 0;
    std::uint64_t file_size = 0;
};

/// A frame whose payload lies in a Batch, behind the room for its header.
struct QueuedFrame {
    std::uint64_t sequence = 0;  ///< of the file that it goes to
    std::uint64_t file_offset = 0;
    std::size_t begin = 0;  ///< in the batch
    std::size_t size = 0;   ///< header and payload, without padding
    Lsn first_lsn;
    std::uint32_t count = 0;
};

/// What the header says of the frame alone. `bytes` is all of it, with its padding and with zeros
/// where the header goes.
FrameHeader describe(const QueuedFrame& frame, std::span<const std::byte> bytes);

/// Frames that are written one after the other.
struct Batch {
    explicit Batch(std::size_t capacity)
        : bytes(std::make_unique_for_overwrite<std::byte[]>(capacity)) {}

    std::unique_ptr<std::byte[]> bytes;
    std::vector<QueuedFrame> frames;
};

enum class Admission { admitted, queue_full, no_room };

/// The records that wait for the writer, laid out as the frames that they will be, each at its
/// place in a file that exists already: what is admitted cannot meet a full disk. Copies every
/// record once and allocates nothing in the steady state.
///
/// Not thread-safe.
class FrameQueue {
  public:
    FrameQueue(std::size_t capacity, std::size_t frame_size_max, FilePlace place, Lsn next_lsn);

    /// Adds the record with next_lsn(). Precondition: one record fits into a frame.
    Admission add(std::string_view record);

    /// Adds a frame without records if the current file has room for it.
    void add_empty_frame();

    /// Adds a frame without records to the next file if there is one. Precondition: the current
    /// file is full.
    void begin_next_file();

    /// A file that frames may go to once the files before it are full.
    void add_file(std::uint64_t sequence, std::uint64_t file_size);

    bool has_next_file() const noexcept { return !next_files_.empty(); }
    bool empty() const noexcept { return batch_.frames.empty(); }
    Lsn next_lsn() const noexcept { return next_lsn_; }
    std::size_t size() const noexcept;

    /// Gives everything away and goes on in `batch`, of the same capacity, whose content is lost.
    void swap(Batch& batch);

  private:
    bool fits_last_frame(std::size_t grown) const;
    bool fits_batch(std::size_t need) const;
    Admission add_frame(std::size_t size);
    void pad_last_frame();
    FilePlace after_last_frame() const;

    const std::size_t capacity_;
    const std::size_t frame_size_max_;
    FilePlace place_;  ///< of the last frame in the batch, or of the next if that is empty
    std::deque<FilePlace> next_files_;
    Lsn next_lsn_;
    Batch batch_;
};

}  // namespace faregate::journal
