#include "http/exchange.h"

#include <openssl/crypto.h>
#include <spdlog/spdlog.h>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <chrono>

#include "http/operation.h"

namespace faregate::http {
namespace {

using std::chrono::milliseconds;
using namespace std::string_view_literals;

Problem unauthenticated() {
    return Problem(
        Refusal::unauthenticated,
        "Send a valid key as \"Authorization: Bearer fg_...\". Keys are made with "
        "\"faregate keys create\"."
    );
}

std::string_view bearer_secret(std::string_view authorization) {
    constexpr std::string_view scheme = "bearer ";
    if (authorization.size() <= scheme.size()) return {};
    for (std::size_t i = 0; i < scheme.size(); ++i) {
        const char c = authorization[i];
        const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        if (lower != scheme[i]) return {};
    }
    return authorization.substr(scheme.size());
}

bool same_secret(std::string_view a, std::string_view b) {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

/// The live key of that secret, or null.
LiveKeyPtr look_up(Exchange& exchange, std::string_view secret) {
    KeyCache& cache = exchange.key_cache;
    const KeyRing& keys = exchange.services.keys;
    const std::uint64_t generation = keys.generation();
    const bool known = same_secret(cache.secret, secret);
    if (known && cache.generation == generation && cache.key != nullptr) return cache.key;
    if (!known) {
        cache.secret = secret;
        cache.digest = postgres::digest_of(secret);
    }
    cache.generation = generation;
    cache.key = keys.find(cache.digest);
    return cache.key;
}

Task<void> refresh_keys(Exchange& exchange) {
    auto start = [&exchange](Resume<bool> resume) {
        const Executor home = resume.get_executor();
        // std::function wants to be copied, the handler does not.
        auto shared = std::make_shared<Resume<bool>>(std::move(resume));
        exchange.services.keys.refresh([home, shared] {
            asio::post(home, [shared] { (*shared)(true); });
        });
    };
    co_await asio::async_initiate<const asio::use_awaitable_t<Executor>, void(bool)>(
        start, use_task
    );
}

/// Waits until it is certain again that no other server has taken over; false if it is not in
/// time. That takes a moment after this process was stopped and goes on, and is rare, so asking
/// again and again is good enough. If another server did take over, the process ends meanwhile.
Task<bool> await_ownership(Exchange& exchange, std::optional<milliseconds> time) {
    const auto& owns = exchange.services.uses.health.owns_database;
    if (owns()) co_return true;
    asio::basic_waitable_timer<
        std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, Executor>
        timer(co_await asio::this_coro::executor);
    const auto began = std::chrono::steady_clock::now();
    while (!owns()) {
        if (time && std::chrono::steady_clock::now() - began >= *time) co_return false;
        timer.expires_after(milliseconds(10));
        boost::system::error_code error;
        co_await timer.async_wait(asio::redirect_error(use_task, error));
    }
    co_return true;
}

std::int64_t steady_ns() {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
}

std::optional<Problem> check_rate(const Exchange& exchange) {
    const std::uint32_t rate = exchange.services.options.rate_limit;
    if (rate == 0) return std::nullopt;
    const std::int64_t wait_ns = exchange.key->bucket->take(rate, steady_ns());
    if (wait_ns == 0) return std::nullopt;
    constexpr std::int64_t second_ns = 1'000'000'000;
    return Problem(
               Refusal::rate_limited,
               "The key may send " + std::to_string(rate) +
                   " requests per second. The request was not executed; send it again later."
    )
        .with("executed", false)
        .retry_after(static_cast<std::uint32_t>((wait_ns + second_ns - 1) / second_ns));
}

constexpr std::string_view name_of(postgres::Scope scope) {
    switch (scope) {
        case postgres::Scope::authorize:
            return "authorize";
        case postgres::Scope::read:
            return "read";
        case postgres::Scope::admin:
            break;
    }
    return "admin";
}

bool is_json(std::string_view content_type) {
    constexpr std::string_view json = "application/json";
    const std::string_view type = content_type.substr(0, content_type.find(';'));
    const std::size_t end = type.find_last_not_of(" \t");
    if (end == std::string_view::npos) return true;
    if (end + 1 != json.size()) return false;
    for (std::size_t i = 0; i < json.size(); ++i) {
        const char c = type[i];
        if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c) != json[i]) return false;
    }
    return true;
}

}  // namespace

std::optional<Problem> read_headers(Exchange& exchange) {
    const Request& request = exchange.request;
    if (request.repeated_header) {
        return Problem(
            Refusal::invalid_header,
            "Authorization, Content-Type, Idempotency-Key and Faregate-Durability may come once "
            "only."
        );
    }
    if (request.idempotency_key) {
        if (!is_idempotency_key(*request.idempotency_key)) {
            return Problem(
                       Refusal::invalid_header,
                       "Idempotency-Key must have 1 to 255 visible ASCII characters."
            )
                .with("header", "Idempotency-Key"sv);
        }
        exchange.idempotency_key = std::string(*request.idempotency_key);
    }
    exchange.durability = exchange.services.options.durability;
    if (!request.durability) return std::nullopt;
    if (*request.durability == "postgres") {
        exchange.durability = Durability::postgres;
    } else if (*request.durability != "journal") {
        return Problem(
                   Refusal::invalid_header,
                   "Faregate-Durability must be \"journal\" or \"postgres\"."
        )
            .with("header", "Faregate-Durability"sv);
    }
    return std::nullopt;
}

std::optional<Problem> read_body(Exchange& exchange, bool may_be_empty) {
    const Request& request = exchange.request;
    if (!is_json(request.content_type)) {
        return Problem(
            Refusal::unsupported_media_type, "Send the body as \"Content-Type: application/json\"."
        );
    }
    const bool empty = request.body.empty() && may_be_empty;
    const auto error = exchange.document.parse(empty ? "{}" : request.body);
    if (!error) return take_memory(exchange, exchange.document.bytes());
    std::string detail = "The body is not valid JSON after " + std::to_string(error->position) +
                         " bytes: " + error->message + ".";
    if (request.body.empty()) detail = "The body is empty; send a JSON object.";
    return Problem(Refusal::malformed_json, std::move(detail))
        .with("position", static_cast<std::uint64_t>(error->position));
}

Task<std::optional<Problem>> admit(Exchange& exchange, postgres::Scope scope) {
    const std::string_view secret = bearer_secret(exchange.request.authorization);
    if (secret.empty()) co_return unauthenticated();
    exchange.key = look_up(exchange, secret);
    if (exchange.key == nullptr) {
        co_await refresh_keys(exchange);
        exchange.key = look_up(exchange, secret);
    }
    if (exchange.key == nullptr) co_return unauthenticated();
    if (!exchange.key->may(scope)) co_return forbidden(scope);
    auto refused = check_rate(exchange);
    if (refused) co_return refused;
    const milliseconds timeout(exchange.services.options.durability_timeout_ms);
    const bool owner = co_await await_ownership(exchange, timeout);
    if (owner) co_return std::nullopt;
    co_return unavailable(
        Refusal::unavailable,
        "This server was stopped for a while, and PostgreSQL has not confirmed yet that no other "
        "one has taken over."
    );
}

std::optional<Problem> take_memory(Exchange& exchange, std::size_t bytes) {
    if (exchange.memory.add(bytes)) return std::nullopt;
    return unavailable(Refusal::unavailable, "The server has no memory left for large requests.");
}

Problem forbidden(postgres::Scope scope) {
    const std::string name(name_of(scope));
    return Problem(
               Refusal::forbidden,
               "The key lacks the scope \"" + name +
                   "\". Use another one, or make one with \"faregate keys create\"."
    )
        .with("scope", name);
}

std::optional<Problem> check_durability(const Exchange& exchange) {
    const bool away = exchange.durability == Durability::postgres &&
                      !exchange.services.uses.health.database_reachable();
    if (!away) return std::nullopt;
    return unavailable(
        Refusal::database_unavailable,
        "PostgreSQL cannot be reached, and the durability \"postgres\" was asked for."
    );
}

Task<std::optional<Problem>> await_durable(Exchange& exchange, Lsn lsn, bool executed) {
    co_await exchange.waiters.durable.wait(lsn);
    // What was executed cannot be refused any more; it waits as for a disk that is slow.
    co_await await_ownership(exchange, std::nullopt);
    if (exchange.durability == Durability::journal) co_return std::nullopt;
    const milliseconds timeout(exchange.services.options.durability_timeout_ms);
    const bool applied = co_await exchange.waiters.applied.wait_for(lsn, timeout);
    if (applied) co_return std::nullopt;
    if (!executed) {
        co_return unavailable(
            Refusal::database_unavailable, "PostgreSQL has not confirmed this state in time."
        );
    }
    // The wait was long. A server that was replaced meanwhile has no more to say.
    co_await await_ownership(exchange, std::nullopt);
    std::string detail =
        "The request was executed and journaled at LSN " + std::to_string(lsn.value) +
        ", but PostgreSQL has not confirmed it in time. It will. Send the request again with the "
        "same Idempotency-Key to get its answer.";
    Problem problem(Refusal::durability_timeout, std::move(detail));
    co_return std::move(problem).with("executed", true).with("lsn", lsn.value);
}

Task<std::optional<Problem>> await_projection(Exchange& exchange, Lsn lsn) {
    co_await exchange.waiters.durable.wait(lsn);
    if (exchange.waiters.applied.reached(lsn)) co_return std::nullopt;
    if (!exchange.services.uses.health.database_reachable()) {
        co_return unavailable(Refusal::database_unavailable, "PostgreSQL cannot be reached.");
    }
    const milliseconds timeout(exchange.services.options.durability_timeout_ms);
    const bool applied = co_await exchange.waiters.applied.wait_for(lsn, timeout);
    if (applied) co_return std::nullopt;
    co_return unavailable(
        Refusal::database_unavailable, "The database has not caught up with the journal yet."
    );
}

Problem database_problem(Exchange& exchange, const Error& error) {
    if (error.code == ErrorCode::invalid_argument)
        return invalid_member("cursor", "is not a cursor of this list.");
    if (error.code != ErrorCode::unavailable) {
        exchange.services.log_error(LogKind::query_failed, "query failed: " + error.message);
        return Problem(
            Refusal::internal_error,
            "The question could not be answered; the server's log has the reason."
        );
    }
    return unavailable(Refusal::database_unavailable, "PostgreSQL cannot be reached.");
}

Problem engine_problem(const Error& error) {
    if (error.code == ErrorCode::unavailable) {
        return unavailable(Refusal::unavailable, "The journal cannot take more at the moment.");
    }
    spdlog::error("the engine failed: {}", error.message);
    return Problem(
               Refusal::internal_error,
               "The server failed before it executed the request; its log has the reason."
    )
        .with("executed", false);
}

}  // namespace faregate::http
