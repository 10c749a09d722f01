#include "faregate/engine/idempotency.h"

#include <openssl/evp.h>

#include <algorithm>
#include <memory>

#include "faregate/core/assert.h"

namespace faregate::engine {
namespace {

/// OpenSSL looks its algorithms up by name; this does so once for each thread.
class Sha256 {
  public:
    Sha256() {
        const bool known =
            context_ != nullptr && EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1;
        FG_ASSERT(known, "OpenSSL has no SHA-256");
    }

    /// The first 16 bytes.
    std::array<std::uint8_t, 16> cut(std::string_view text) {
        std::array<std::uint8_t, 32> full{};
        EVP_MD_CTX* const context = context_.get();
        const bool done = EVP_DigestInit_ex(context, nullptr, nullptr) == 1 &&
                          EVP_DigestUpdate(context, text.data(), text.size()) == 1 &&
                          EVP_DigestFinal_ex(context, full.data(), nullptr) == 1;
        FG_ASSERT(done, "SHA-256 failed");
        std::array<std::uint8_t, 16> cut{};
        std::copy_n(full.begin(), cut.size(), cut.begin());
        return cut;
    }

  private:
    struct Free {
        void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
    };
    std::unique_ptr<EVP_MD_CTX, Free> context_{EVP_MD_CTX_new()};
};

}  // namespace

IdempotencyKey IdempotencyKey::make(std::string_view key, std::string_view request) {
    thread_local Sha256 sha256;
    return IdempotencyKey{sha256.cut(key), sha256.cut(request)};
}

}  // namespace faregate::engine
