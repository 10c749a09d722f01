#include "http/problem.h"

#include <array>

#include "faregate/core/assert.h"

namespace faregate::http {
namespace {

constexpr std::array<ProblemType, problem_type_count> problem_types{{
    // The ledger's outcomes, in their order.
    {"accepted", 200, "Accepted"},
    {"idempotency_key_reused", 422, "The idempotency key belongs to another request"},
    {"wallet_not_found", 404, "There is no such wallet"},
    {"authorization_not_found", 404, "There is no such authorization"},
    {"grant_not_found", 404, "There is no such grant"},
    {"asset_not_found", 404, "There is no such asset"},
    {"wallet_exists", 409, "The wallet exists already"},
    {"asset_exists", 409, "The asset exists already"},
    {"asset_not_held", 422, "The authorization does not hold this asset"},
    {"invalid_amount", 422, "The amount is not valid for its asset"},
    {"invalid_expiry", 422, "The grant would end before it begins"},
    {"balance_too_large", 422, "The balance would become too large"},
    {"wallet_frozen", 403, "The wallet is frozen"},
    {"authorization_state", 409, "The authorization is not open"},
    {"grant_state", 409, "The grant has ended"},
    {"overdraft_in_use", 409, "The overdraft is in use"},
    {"capture_exceeds_hold", 402, "The capture is larger than the hold"},
    {"insufficient_funds", 402, "The wallet's available balance is too small"},
    // The refusals, in their order.
    {"malformed_request", 400, "The request is not valid HTTP"},
    {"malformed_json", 400, "The body is not valid JSON"},
    {"invalid_header", 400, "A header is not valid"},
    {"invalid_request", 422, "The request is not valid"},
    {"unauthenticated", 401, "A valid key is required"},
    {"forbidden", 403, "The key may not do this"},
    {"route_not_found", 404, "There is no such route"},
    {"method_not_allowed", 405, "The route does not have this method"},
    {"body_too_large", 413, "The body is too large"},
    {"unsupported_media_type", 415, "The body must be JSON"},
    {"rate_limited", 429, "The key sends too many requests"},
    {"headers_too_large", 431, "The headers are too large"},
    {"internal_error", 500, "The server failed"},
    {"unavailable", 503, "The server cannot execute this now"},
    {"database_unavailable", 503, "The database cannot be reached"},
    {"too_many_connections", 503, "The server has too many connections"},
    {"durability_timeout", 504, "The database has not confirmed in time"},
}};

JsonWriter continued(std::string& members) {
    if (!members.empty()) members += ',';
    return JsonWriter(members);
}

}  // namespace

const ProblemType& problem_type(std::size_t index) {
    FG_ASSERT(index < problem_types.size(), "not a problem");
    return problem_types[index];
}

std::size_t problem_index(ledger::Outcome outcome) { return static_cast<std::size_t>(outcome); }

std::size_t problem_index(Refusal refusal) {
    return static_cast<std::size_t>(ledger::outcome_count) + static_cast<std::size_t>(refusal);
}

Problem&& Problem::with(std::string_view name, std::string_view text) && {
    continued(members).member(name, text);
    return std::move(*this);
}

Problem&& Problem::with(std::string_view name, bool value) && {
    continued(members).member(name, value);
    return std::move(*this);
}

Problem&& Problem::with(std::string_view name, std::uint64_t value) && {
    continued(members).member(name, value);
    return std::move(*this);
}

Problem&& Problem::with_raw(std::string_view name, std::string_view json) && {
    continued(members).raw_member(name, json);
    return std::move(*this);
}

Problem&& Problem::retry_after(std::uint32_t seconds) && {
    retry_after_seconds = seconds;
    return std::move(*this);
}

Problem invalid_member(std::string_view path, std::string_view must) {
    std::string detail = "\"" + std::string(path) + "\" " + std::string(must);
    return Problem(Refusal::invalid_request, std::move(detail)).with("member", path);
}

Problem unavailable(Refusal refusal, std::string_view why) {
    std::string detail = std::string(why) + " The request was not executed; send it again later.";
    return Problem(refusal, std::move(detail)).with("executed", false).retry_after(1);
}

void append_problem(std::string& out, const Problem& problem) {
    const ProblemType& type = problem.type();
    JsonWriter json(out);
    json.begin_object();
    json.member("type", "https://faregate.dev/problems/" + std::string(type.code));
    json.member("title", type.title);
    json.member("status", static_cast<std::uint64_t>(type.status));
    json.member("detail", problem.detail);
    json.member("code", type.code);
    if (!problem.members.empty()) {
        out += ',';
        out += problem.members;
    }
    json.end_object();
}

}  // namespace faregate::http
