#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "http/json_document.h"
#include "http/key_ring.h"
#include "http/lsn_waiters.h"
#include "http/memory_pool.h"
#include "http/request.h"
#include "http/services.h"

namespace faregate::http {

/// The key that a connection showed last, so that it is not hashed and looked up again.
struct KeyCache {
    std::string secret;
    postgres::KeyDigest digest{};
    LiveKeyPtr key;  ///< null: unknown in that generation
    std::uint64_t generation = 0;
};

/// The two watermarks, as one I/O thread waits for them.
struct Waiters {
    LsnWaiters durable;
    LsnWaiters applied;
};

/// One request and all that answering it takes.
class Exchange {
  public:
    Exchange(
        Services& all, Waiters& thread_waiters, KeyCache& cache, JsonDocument& json,
        MemoryShare& share, const Request& message, const Route& matched
    )
        : services(all),
          waiters(thread_waiters),
          key_cache(cache),
          document(json),
          memory(share),
          request(message),
          route(matched) {}

    Services& services;
    Waiters& waiters;
    KeyCache& key_cache;
    JsonDocument& document;
    MemoryShare& memory;
    const Request& request;
    const Route& route;

    Durability durability = Durability::journal;  ///< set by read_headers
    std::optional<std::string> idempotency_key;   ///< set by read_headers
    LiveKeyPtr key;                               ///< set by admit
};

/// Reads Idempotency-Key and Faregate-Durability.
std::optional<Problem> read_headers(Exchange& exchange);

/// Parses the body; an empty one counts as `{}` if `may_be_empty`.
std::optional<Problem> read_body(Exchange& exchange, bool may_be_empty);

Problem forbidden(postgres::Scope scope);

/// Authenticates, asks for the scope and counts against the rate limit. Nothing: go on.
Task<std::optional<Problem>> admit(Exchange& exchange, postgres::Scope scope);

/// Takes memory for what the request will need beside its own bytes; 503 if there is none.
std::optional<Problem> take_memory(Exchange& exchange, std::size_t bytes);

/// What stands in the way before anything is executed: 503 if the durability that was asked for is
/// known to be out of reach.
std::optional<Problem> check_durability(const Exchange& exchange);

/// Waits until what the reply says is as durable as was asked for. `executed`: the request changed
/// something, and the problem after a time-out says so.
Task<std::optional<Problem>> await_durable(Exchange& exchange, Lsn lsn, bool executed);

/// Waits until the projection shows everything up to `lsn`, so that a query shows the caller's own
/// writes. 503 if it does not come to that.
Task<std::optional<Problem>> await_projection(Exchange& exchange, Lsn lsn);

/// Asks PostgreSQL on a worker thread; 503 if it is away.
template <typename T>
Task<tl::expected<T, Problem>> ask(Exchange& exchange, std::function<Result<T>()> question);

Problem database_problem(Exchange& exchange, const Error& error);
/// The engine refused: nothing was executed.
Problem engine_problem(const Error& error);

template <typename T>
Task<tl::expected<T, Problem>> ask(Exchange& exchange, std::function<Result<T>()> question) {
    Result<T> result = co_await exchange.services.workers.run<Result<T>>(std::move(question));
    if (!result) co_return tl::unexpected<Problem>(database_problem(exchange, result.error()));
    co_return std::move(*result);
}

}  // namespace faregate::http
