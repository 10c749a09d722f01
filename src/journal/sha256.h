#pragma once

#include <memory>
#include <span>

#include "journal/format.h"

struct evp_md_ctx_st;

namespace faregate::journal {

/// Computes SHA-256 of whole frames without allocating for each. Not thread-safe.
class Sha256 {
  public:
    Sha256();
    Hash operator()(std::span<const std::byte> bytes);

  private:
    struct Free {
        void operator()(evp_md_ctx_st* context) const noexcept;
    };
    std::unique_ptr<evp_md_ctx_st, Free> context_;
};

}  // namespace faregate::journal
