#include "journal/crc32c.h"

#include <boost/crc.hpp>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace faregate::journal {
namespace {

#if defined(__x86_64__)
// The checksum is taken on the writer thread between two syncs, and the table takes some fifty
// times as long as the instruction.
__attribute__((target("sse4.2"))) std::uint32_t crc32c_sse42(std::span<const std::byte> bytes
) noexcept {
    std::uint64_t crc = 0xffffffff;
    while (bytes.size() >= sizeof(std::uint64_t)) {
        std::uint64_t word = 0;
        std::memcpy(&word, bytes.data(), sizeof word);
        crc = _mm_crc32_u64(crc, word);
        bytes = bytes.subspan(sizeof word);
    }
    auto tail = static_cast<std::uint32_t>(crc);
    for (const std::byte byte : bytes) {
        tail = _mm_crc32_u8(tail, std::to_integer<std::uint8_t>(byte));
    }
    return ~tail;
}

const bool has_instruction = __builtin_cpu_supports("sse4.2") != 0;
#endif

}  // namespace

std::uint32_t crc32c_portable(std::span<const std::byte> bytes) noexcept {
    boost::crc_optimal<32, 0x1EDC6F41, 0xFFFFFFFF, 0xFFFFFFFF, true, true> crc;
    crc.process_bytes(bytes.data(), bytes.size());
    return crc.checksum();
}

std::uint32_t crc32c(std::span<const std::byte> bytes) noexcept {
#if defined(__x86_64__)
    if (has_instruction) return crc32c_sse42(bytes);
#endif
    return crc32c_portable(bytes);
}

}  // namespace faregate::journal
