#include "journal/frame_queue.h"

#include <cstring>
#include <utility>

#include "faregate/core/assert.h"
#include "journal/crc32c.h"
#include "journal/format.h"
#include "journal/frame.h"

namespace faregate::journal {

FrameHeader describe(const QueuedFrame& frame, std::span<const std::byte> bytes) {
    FrameHeader header;
    header.first_lsn = frame.first_lsn;
    header.count = frame.count;
    header.payload_size = static_cast<std::uint32_t>(frame.size - frame_header_size);
    header.payload_crc = crc32c(bytes.subspan(frame_header_size));
    // The first sector has the header, so it is never one of zeros.
    header.zero_sectors = count_zero_sectors(bytes.subspan(sector_size));
    return header;
}

FrameQueue::FrameQueue(
    std::size_t capacity, std::size_t frame_size_max, FilePlace place, Lsn next_lsn
)
    : capacity_(capacity),
      frame_size_max_(frame_size_max),
      place_(place),
      next_lsn_(next_lsn),
      batch_(capacity) {}

Admission FrameQueue::add(std::string_view record) {
    const std::size_t need = record_prefix_size + record.size();
    if (empty() || !fits_last_frame(batch_.frames.back().size + need)) {
        const Admission admission = add_frame(frame_header_size + need);
        if (admission != Admission::admitted) return admission;
    } else if (!fits_batch(need)) {
        return Admission::queue_full;
    }
    QueuedFrame& frame = batch_.frames.back();
    std::byte* out = batch_.bytes.get() + frame.begin + frame.size;
    encode_record_size(static_cast<std::uint32_t>(record.size()), out);
    if (!record.empty()) std::memcpy(out + record_prefix_size, record.data(), record.size());
    frame.size += need;
    ++frame.count;
    next_lsn_ = next_lsn_.next();
    return Admission::admitted;
}

void FrameQueue::add_empty_frame() {
    const FilePlace place = after_last_frame();
    if (place.offset + sector_size > place.file_size || size() + sector_size > capacity_) return;
    static_cast<void>(add_frame(frame_header_size));
}

void FrameQueue::begin_next_file() {
    FG_ASSERT(after_last_frame().offset == place_.file_size, "the current file has room");
    if (has_next_file()) static_cast<void>(add_frame(frame_header_size));
}

void FrameQueue::add_file(std::uint64_t sequence, std::uint64_t file_size) {
    FG_ASSERT(file_size >= sector_size + frame_size_max_, "a file must hold a frame");
    next_files_.push_back({sequence, sector_size, file_size});
}

std::size_t FrameQueue::size() const noexcept {
    if (empty()) return 0;
    const QueuedFrame& last = batch_.frames.back();
    return last.begin + round_up_to_sector(last.size);
}

void FrameQueue::swap(Batch& batch) {
    pad_last_frame();
    place_ = after_last_frame();
    batch.frames.clear();
    std::swap(batch_, batch);
}

bool FrameQueue::fits_last_frame(std::size_t grown) const {
    const std::size_t padded = round_up_to_sector(grown);
    return padded <= frame_size_max_ && place_.offset + padded <= place_.file_size;
}

bool FrameQueue::fits_batch(std::size_t need) const {
    const QueuedFrame& last = batch_.frames.back();
    return last.begin + round_up_to_sector(last.size + need) <= capacity_;
}

/// Adds a frame whose payload is still empty, at a place with room for `size` bytes.
Admission FrameQueue::add_frame(std::size_t size) {
    const std::size_t begin = this->size();
    const std::size_t padded = round_up_to_sector(size);
    if (begin + padded > capacity_) return Admission::queue_full;
    FilePlace place = after_last_frame();
    if (place.offset + padded > place.file_size) {
        if (next_files_.empty()) return Admission::no_room;
        place = next_files_.front();
        next_files_.pop_front();
    }
    pad_last_frame();
    place_ = place;
    batch_.frames.push_back({place.sequence, place.offset, begin, frame_header_size, next_lsn_, 0});
    return Admission::admitted;
}

void FrameQueue::pad_last_frame() {
    if (empty()) return;
    const QueuedFrame& last = batch_.frames.back();
    const std::size_t padding = round_up_to_sector(last.size) - last.size;
    std::memset(batch_.bytes.get() + last.begin + last.size, 0, padding);
}

FilePlace FrameQueue::after_last_frame() const {
    FilePlace place = place_;
    if (!empty()) place.offset += round_up_to_sector(batch_.frames.back().size);
    return place;
}

}  // namespace faregate::journal
