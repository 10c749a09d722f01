#include "journal/sha256.h"

#include <openssl/evp.h>

#include "faregate/core/assert.h"

namespace faregate::journal {

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
    FG_ASSERT(context_ != nullptr, "OpenSSL has no memory for a digest");
    FG_ASSERT(
        EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1, "OpenSSL has no SHA-256"
    );
}

Hash Sha256::operator()(std::span<const std::byte> bytes) {
    Hash hash;
    // No algorithm given: starts anew with the one that the context has, without looking it up.
    const bool done = EVP_DigestInit_ex(context_.get(), nullptr, nullptr) == 1 &&
                      EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1 &&
                      EVP_DigestFinal_ex(context_.get(), hash.data(), nullptr) == 1;
    FG_ASSERT(done, "OpenSSL failed to compute a SHA-256");
    return hash;
}

void Sha256::Free::operator()(evp_md_ctx_st* context) const noexcept { EVP_MD_CTX_free(context); }

}  // namespace faregate::journal
