#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace faregate::journal {

/// CRC-32C (Castagnoli), with the processor's instruction where it has one.
std::uint32_t crc32c(std::span<const std::byte> bytes) noexcept;

/// The same by table, on any processor; public so that a test can compare the two.
std::uint32_t crc32c_portable(std::span<const std::byte> bytes) noexcept;

}  // namespace faregate::journal
