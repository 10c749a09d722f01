#include "http/services.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <spdlog/spdlog.h>

#include "faregate/core/assert.h"
#include "http/routes/routes.h"

namespace faregate::http {
namespace {

std::vector<std::string_view> route_names(const Router& router) {
    std::vector<std::string_view> names;
    for (const Route& route : router.routes()) names.push_back(route.name);
    names.push_back("none");
    return names;
}

}  // namespace

const char* to_string(Durability durability) noexcept {
    return durability == Durability::journal ? "journal" : "postgres";
}

Services::Services(ServerOptions server_options, Dependencies server_dependencies)
    : options(std::move(server_options)),
      uses(std::move(server_dependencies)),
      router(all_routes()),
      metrics(uses.registry, route_names(router)),
      keys(
          uses.list_keys, std::chrono::milliseconds(options.key_refresh_ms), options.bootstrap_key
      ),
      workers(options.query_threads),
      memory(options.request_memory_bytes) {
    FG_ASSERT(options.threads > 0 && options.query_threads > 0, "a server has threads");
    const Health& health = uses.health;
    const bool complete = health.not_ready && health.database_reachable && health.appended_lsn;
    FG_ASSERT(complete && uses.list_keys, "a dependency is not set");
}

bool Services::take_connection() {
    if (connections.fetch_add(1) >= options.connections_max) {
        connections.fetch_sub(1);
        metrics.rejected_connections().Increment();
        return false;
    }
    metrics.connections().Increment();
    return true;
}

void Services::release_connection() {
    connections.fetch_sub(1);
    metrics.connections().Decrement();
}

void Services::log_error(LogKind kind, const std::string& message) {
    const auto left_out = log_limiter.pass(log_kind(kind), std::chrono::steady_clock::now());
    if (left_out) spdlog::error("{}{}", message, left_out_note(*left_out));
}

}  // namespace faregate::http
