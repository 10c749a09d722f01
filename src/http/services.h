#pragma once

#include "faregate/engine/engine.h"
#include "faregate/engine/watermark.h"
#include "faregate/http/server.h"
#include "faregate/postgres/queries.h"
#include "http/http_metrics.h"
#include "http/key_ring.h"
#include "http/router.h"
#include "http/workers.h"

namespace faregate::http {

/// What all connections share. Lives as long as the server.
struct Services {
    Services(ServerOptions server_options, Dependencies server_dependencies);

    /// Takes a place for a new connection; false if there is none left.
    bool take_connection();
    void release_connection();

    const ServerOptions options;
    Dependencies uses;
    const Router router;
    HttpMetrics metrics;
    KeyRing keys;
    Workers workers;
    std::atomic<std::uint32_t> connections{0};
    std::atomic<bool> stopping{false};
};

}  // namespace faregate::http
