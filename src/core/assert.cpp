#include "faregate/core/assert.h"

#include <cstdio>
#include <cstdlib>

namespace faregate {

void assertion_failed(
    const char* condition, const char* message, const char* file, int line
) noexcept {
    std::fprintf(stderr, "%s:%d: assertion failed: %s: %s\n", file, line, condition, message);
    std::fflush(stderr);
    std::abort();
}

}  // namespace faregate
