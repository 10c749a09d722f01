#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace faregate {

/// Why an operation could not be done. These are failures of the surroundings (a disk, a database,
/// a damaged file, a bad setting). Business outcomes are `ledger::Outcome`, and bugs are FG_ASSERT.
enum class ErrorCode {
    invalid_argument,  ///< The caller passed something that cannot be right.
    not_found,
    already_exists,
    corruption,   ///< Stored bytes contradict themselves. Never served, never repaired silently.
    io,           ///< The operating system refused a read or write.
    unavailable,  ///< May work later: PostgreSQL away, disk full, queue full.
    fenced,       ///< Another server has taken over; this one must stop acknowledging.
};

/// The stable, lower-case name of a code, as it stands in logs.
const char* to_string(ErrorCode code) noexcept;

/// A failure with a message that says what happened, to what, and what to do.
struct Error {
    ErrorCode code = ErrorCode::invalid_argument;
    std::string message;
};

/// A value or the Error that stood in the way. Must not be ignored.
template <typename T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
    using Base = tl::expected<T, Error>;

  public:
    using Base::Base;
    Result(Base&& base) : Base(std::move(base)) {}
};

/// Success without a value.
using Status = Result<void>;

inline tl::unexpected<Error> failure(ErrorCode code, std::string message) {
    return tl::unexpected<Error>(Error{code, std::move(message)});
}

}  // namespace faregate

#define FG_CONCAT_INNER(a, b) a##b
#define FG_CONCAT(a, b) FG_CONCAT_INNER(a, b)

/// Returns the Error of `expression` (a Status) to the caller, or goes on.
#define FG_TRY(expression)                                                      \
    if (auto fg_status = (expression); !fg_status) {                            \
        return tl::unexpected<::faregate::Error>(std::move(fg_status).error()); \
    }

/// Binds the value of `expression` (a Result) to `declaration`, or returns its Error.
#define FG_TRY_ASSIGN_INNER(temporary, declaration, expression)                 \
    auto temporary = (expression);                                              \
    if (!temporary) {                                                           \
        return tl::unexpected<::faregate::Error>(std::move(temporary).error()); \
    }                                                                           \
    declaration = std::move(*temporary)
#define FG_TRY_ASSIGN(declaration, expression) \
    FG_TRY_ASSIGN_INNER(FG_CONCAT(fg_result_, __LINE__), declaration, expression)
