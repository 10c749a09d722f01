#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "faregate/journal/disk.h"

namespace faregate::journal {

/// Reads a file through a buffer that grows to the largest view asked for. Not thread-safe.
/// The file must outlive it.
class FileWindow {
  public:
    FileWindow(const File& file, std::uint64_t file_size) : file_(&file), file_size_(file_size) {}

    std::uint64_t file_size() const noexcept { return file_size_; }

    /// The bytes at `offset`: fewer than `length` only at the end of the file. The view lives until
    /// the next call.
    Result<std::span<const std::byte>> view(std::uint64_t offset, std::size_t length);

    /// Forgets what was read, because the file may have changed since.
    void discard() noexcept { size_ = 0; }

  private:
    const File* file_;
    std::uint64_t file_size_;
    std::vector<std::byte> buffer_;
    std::uint64_t begin_ = 0;
    std::size_t size_ = 0;
};

}  // namespace faregate::journal
