#pragma once

#include "faregate/engine/engine.h"
#include "faregate/engine/watermark.h"
#include "faregate/http/server.h"
#include "faregate/postgres/queries.h"
#include "http/http_metrics.h"
#include "http/key_ring.h"
#include "http/log_limiter.h"
#include "http/memory_pool.h"
#include "http/router.h"
#include "http/workers.h"

namespace faregate::http {

/// Log lines that clients can provoke, beside the one for each kind of problem.
enum class LogKind : std::uint8_t { not_ready, cannot_accept, exception, query_failed };

inline constexpr std::size_t log_kind_count =
    problem_type_count + static_cast<std::size_t>(LogKind::query_failed) + 1;

constexpr std::size_t log_kind(LogKind kind) {
    return problem_type_count + static_cast<std::size_t>(kind);
}

/// What all connections share. Lives as long as the server.
struct Services {
    Services(ServerOptions server_options, Dependencies server_dependencies);

    /// Takes a place for a new connection; false if there is none left.
    bool take_connection();
    void release_connection();
    /// Logs an error, unless there have been too many of its kind within a second.
    void log_error(LogKind kind, const std::string& message);

    const ServerOptions options;
    Dependencies uses;
    const Router router;
    HttpMetrics metrics;
    KeyRing keys;
    Workers workers;
    MemoryPool memory;
    LogLimiter log_limiter{log_kind_count};
    std::atomic<std::uint32_t> connections{0};
    std::atomic<bool> stopping{false};
};

}  // namespace faregate::http
