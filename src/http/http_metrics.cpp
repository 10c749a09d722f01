#include "http/http_metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <string>

namespace faregate::http {

struct HttpMetrics::PerRoute {
    std::string name;
    prometheus::Histogram* seconds = nullptr;
    std::array<std::atomic<prometheus::Counter*>, outcome_count> outcomes{};
};

HttpMetrics::HttpMetrics(
    prometheus::Registry& registry, const std::vector<std::string_view>& route_names
) {
    requests_ = &prometheus::BuildCounter()
                     .Name("faregate_http_requests_total")
                     .Help("Requests answered, by route and by status or problem code.")
                     .Register(registry);
    connections_ = &prometheus::BuildGauge()
                        .Name("faregate_http_connections")
                        .Help("Connections that are open now.")
                        .Register(registry)
                        .Add({});
    request_memory_ = &prometheus::BuildGauge()
                           .Name("faregate_http_request_memory_bytes")
                           .Help("Memory that large requests and answers hold now.")
                           .Register(registry)
                           .Add({});
    rejected_connections_ = &prometheus::BuildCounter()
                                 .Name("faregate_http_rejected_connections_total")
                                 .Help("Connections refused because there were too many.")
                                 .Register(registry)
                                 .Add({});
    auto& seconds = prometheus::BuildHistogram()
                        .Name("faregate_http_request_seconds")
                        .Help("From the last byte of a request to the last byte of its reply.")
                        .Register(registry);
    const prometheus::Histogram::BucketBoundaries bounds{
        0.00005, 0.0001, 0.0002, 0.0003, 0.0005, 0.00075, 0.001, 0.0015, 0.002, 0.003, 0.005,
        0.0075,  0.01,   0.02,   0.05,   0.1,    0.25,    0.5,   1,      2.5,   5,     10};
    for (const std::string_view name : route_names) {
        auto route = std::make_unique<PerRoute>();
        route->name = name;
        route->seconds = &seconds.Add({{"route", route->name}}, bounds);
        routes_.push_back(std::move(route));
    }
}

HttpMetrics::~HttpMetrics() = default;

void HttpMetrics::count(std::size_t route, const Reply& reply, double seconds) {
    PerRoute& metrics = *routes_[route];
    metrics.seconds->Observe(seconds);
    std::size_t index = 0;
    if (reply.problem) {
        index = 3 + *reply.problem;
    } else if (reply.status != 200) {
        index = reply.status == 201 ? 1 : 2;
    }
    auto& place = metrics.outcomes[index];
    prometheus::Counter* counter = place.load(std::memory_order_acquire);
    if (counter == nullptr) {
        const std::string outcome = reply.problem ? std::string(problem_type(*reply.problem).code)
                                                  : std::to_string(reply.status);
        counter = &requests_->Add({{"route", metrics.name}, {"outcome", outcome}});
        place.store(counter, std::memory_order_release);
    }
    counter->Increment();
}

}  // namespace faregate::http
