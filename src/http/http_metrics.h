#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <string_view>
#include <vector>

#include "http/reply.h"

namespace prometheus {
class Counter;
class Gauge;
class Histogram;
class Registry;
template <typename T>
class Family;
}  // namespace prometheus

namespace faregate::http {

/// The server's own metrics. Thread-safe; a counter is looked up once and then only raised.
class HttpMetrics {
  public:
    /// `registry` must outlive this. The last route stands for requests that had none.
    HttpMetrics(prometheus::Registry& registry, const std::vector<std::string_view>& route_names);
    ~HttpMetrics();

    void count(std::size_t route, const Reply& reply, double seconds);

    prometheus::Gauge& connections() { return *connections_; }
    prometheus::Gauge& request_memory() { return *request_memory_; }
    prometheus::Counter& rejected_connections() { return *rejected_connections_; }

  private:
    // 200, 201 and 503 (not ready), then the problems in their order.
    static constexpr std::size_t outcome_count = 3 + problem_type_count;
    struct PerRoute;

    prometheus::Family<prometheus::Counter>* requests_ = nullptr;
    prometheus::Gauge* connections_ = nullptr;
    prometheus::Gauge* request_memory_ = nullptr;
    prometheus::Counter* rejected_connections_ = nullptr;
    std::vector<std::unique_ptr<PerRoute>> routes_;
};

}  // namespace faregate::http
