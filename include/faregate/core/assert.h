#pragma once

namespace faregate {

/// Prints the failed condition and aborts. Never returns.
[[noreturn]] void assertion_failed(
    const char* condition, const char* message, const char* file, int line
) noexcept;

}  // namespace faregate

/// Guards against bugs, never against input. Stays on in release builds: a ledger that has met a
/// state it believed impossible must stop rather than go on with somebody's money.
#define FG_ASSERT(condition, message) \
    (static_cast<bool>(condition)     \
         ? static_cast<void>(0)       \
         : ::faregate::assertion_failed(#condition, message, __FILE__, __LINE__))
