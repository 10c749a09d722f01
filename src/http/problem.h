#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "faregate/ledger/outcome.h"
#include "http/json_writer.h"

namespace faregate::http {

/// Every way in which a request can fail before or beside the ledger's own outcomes. The names are
/// the `code` of the problem.
enum class Refusal : std::uint8_t {
    malformed_request,
    malformed_json,
    invalid_header,
    invalid_request,
    unauthenticated,
    forbidden,
    route_not_found,
    method_not_allowed,
    body_too_large,
    unsupported_media_type,
    rate_limited,
    headers_too_large,
    internal_error,
    unavailable,
    database_unavailable,
    too_many_connections,
    durability_timeout,
};

inline constexpr std::size_t refusal_count =
    static_cast<std::size_t>(Refusal::durability_timeout) + 1;
/// All outcomes and all refusals.
inline constexpr std::size_t problem_type_count =
    static_cast<std::size_t>(ledger::outcome_count) + refusal_count;

/// What all problems of one code have in common.
struct ProblemType {
    std::string_view code;
    int status = 0;
    std::string_view title;
};

// One table holds them all; the index is for tables beside it (metrics).
const ProblemType& problem_type(std::size_t index);
std::size_t problem_index(ledger::Outcome outcome);
std::size_t problem_index(Refusal refusal);

/// An answer that is not what was asked for: RFC 9457 problem details.
struct Problem {
    std::size_t index = 0;  ///< into problem_type()
    std::string detail;     ///< a sentence or two that say what to do
    std::string members;    ///< further members, as JSON without the braces; may be empty
    std::uint32_t retry_after_seconds = 0;  ///< 0: no Retry-After
    std::string_view allow;                 ///< for method_not_allowed

    Problem() = default;
    Problem(Refusal refusal, std::string text)
        : index(problem_index(refusal)), detail(std::move(text)) {}
    Problem(ledger::Outcome outcome, std::string text)
        : index(problem_index(outcome)), detail(std::move(text)) {}

    const ProblemType& type() const { return problem_type(index); }

    /// Adds a member of text.
    Problem&& with(std::string_view name, std::string_view text) &&;
    Problem&& with(std::string_view name, const char* text) && {
        return std::move(*this).with(name, std::string_view(text));
    }
    Problem&& with(std::string_view name, bool value) &&;
    Problem&& with(std::string_view name, std::uint64_t value) &&;
    Problem&& with_raw(std::string_view name, std::string_view json) &&;
    Problem&& retry_after(std::uint32_t seconds) &&;
};

/// 422 for one member, parameter or header of a request: `"amounts[1].asset" must be a string.`
Problem invalid_member(std::string_view path, std::string_view must);
/// 503 that promises that nothing was executed.
Problem unavailable(Refusal refusal, std::string_view why);

/// Appends the problem as an application/problem+json object.
void append_problem(std::string& out, const Problem& problem);

}  // namespace faregate::http
