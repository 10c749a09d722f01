#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace faregate::engine {

/// An `Idempotency-Key` and the request that it came with, as digests of 128 bits each (SHA-256,
/// cut), so that a kept key has a fixed size. Keys are scoped to a wallet.
struct IdempotencyKey {
    std::array<std::uint8_t, 16> digest{};
    std::array<std::uint8_t, 16> fingerprint{};

    /// `request` is any text that is the same exactly if the request is the same.
    static IdempotencyKey make(std::string_view key, std::string_view request);
};

}  // namespace faregate::engine
