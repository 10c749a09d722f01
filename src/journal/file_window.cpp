#include "journal/file_window.h"

#include <algorithm>

namespace faregate::journal {
namespace {

constexpr std::size_t read_ahead = std::size_t{128} * 1024;

}  // namespace

Result<std::span<const std::byte>> FileWindow::view(std::uint64_t offset, std::size_t length) {
    if (offset >= file_size_) return std::span<const std::byte>{};
    length = static_cast<std::size_t>(std::min<std::uint64_t>(length, file_size_ - offset));
    if (offset < begin_ || offset + length > begin_ + size_) {
        buffer_.resize(std::max({buffer_.size(), length, read_ahead}));
        size_ = 0;
        FG_TRY_ASSIGN(size_, file_->read_at(offset, buffer_));
        begin_ = offset;
        length = std::min(length, size_);
    }
    return std::span<const std::byte>(buffer_).subspan(
        static_cast<std::size_t>(offset - begin_), length
    );
}

}  // namespace faregate::journal
