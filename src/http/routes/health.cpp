// GET /healthz, /readyz, /metrics and /openapi.yaml: without a key.
#include <prometheus/gauge.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>

#include "http/exchange.h"
#include "http/routes/openapi.h"
#include "http/routes/routes.h"

namespace faregate::http {

Task<Reply> get_health(Exchange&) {
    Reply reply;
    reply.body = R"({"status":"ok"})";
    co_return reply;
}

Task<Reply> get_readiness(Exchange& exchange) {
    const Dependencies& uses = exchange.services.uses;
    const std::vector<std::string> reasons = uses.health.not_ready();
    const Lsn applied = uses.applied.value();
    const Lsn durable = std::max(uses.durable.value(), applied);
    Reply reply(reasons.empty() ? 200 : 503);
    JsonWriter json(reply.body);
    json.begin_object();
    json.member("ready", reasons.empty());
    json.key("reasons");
    json.begin_array();
    for (const std::string& reason : reasons) json.string(reason);
    json.end_array();
    json.member("database_reachable", uses.health.database_reachable());
    json.member("durable_lsn", durable.value);
    json.member("applied_lsn", applied.value);
    json.member("lag", durable.value - applied.value);
    json.end_object();
    co_return reply;
}

Task<Reply> get_metrics(Exchange& exchange) {
    const Dependencies& uses = exchange.services.uses;
    if (uses.before_scrape) uses.before_scrape();
    Services& services = exchange.services;
    services.metrics.request_memory().Set(static_cast<double>(services.memory.used()));
    Reply reply;
    reply.content_type = ContentType::metrics;
    reply.body = prometheus::TextSerializer().Serialize(uses.registry.Collect());
    co_return reply;
}

Task<Reply> get_openapi(Exchange&) {
    Reply reply;
    reply.content_type = ContentType::yaml;
    reply.body = openapi_yaml;
    co_return reply;
}

}  // namespace faregate::http
