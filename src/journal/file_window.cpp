#include "journal/file_window.h"

#include <algorithm>

namespace faregate::journal {
namespace {

constexpr std::size_t read_ahead = std::size_t{128} * 1024;

}  // namespace

Result<std::span<const std::byte>> FileWindow::view(std::uint64_t offset, std::size_t length) {
    if (offset >= file_size_) return std::span<const std::byte>{};
    const std::uint64_t left = file_size_ - offset;
    length = static_cast<std::size_t>(std::min<std::uint64_t>(length, left));
    if (offset < begin_ || offset + length > begin_ + size_) {
        const auto wanted = std::min<std::uint64_t>(std::max(length, read_ahead), left);
        if (buffer_.size() < wanted) buffer_.resize(static_cast<std::size_t>(wanted));
        size_ = 0;
        const auto out = std::span(buffer_).first(static_cast<std::size_t>(wanted));
        FG_TRY_ASSIGN(size_, file_->read_at(offset, out));
        begin_ = offset;
        length = std::min(length, size_);
    }
    return std::span<const std::byte>(buffer_).subspan(
        static_cast<std::size_t>(offset - begin_), length
    );
}

}  // namespace faregate::journal
