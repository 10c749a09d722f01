#include "faregate/engine/idempotency.h"

#include <openssl/sha.h>

#include <algorithm>

namespace faregate::engine {
namespace {

std::array<std::uint8_t, 16> cut_sha256(std::string_view text) {
    std::array<std::uint8_t, SHA256_DIGEST_LENGTH> full{};
    SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), full.data());
    std::array<std::uint8_t, 16> cut{};
    std::copy_n(full.begin(), cut.size(), cut.begin());
    return cut;
}

}  // namespace

IdempotencyKey IdempotencyKey::make(std::string_view key, std::string_view request) {
    return IdempotencyKey{cut_sha256(key), cut_sha256(request)};
}

}  // namespace faregate::engine
