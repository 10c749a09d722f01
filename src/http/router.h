#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/net.h"
#include "http/reply.h"
#include "http/request.h"

namespace faregate::http {

class Exchange;
struct OperationType;

using Handler = Task<Reply> (*)(Exchange& exchange);

struct Route {
    Method method = Method::get;
    std::string_view pattern;  ///< `/v1/wallets/{id}`; one {id} at most
    std::string_view name;     ///< for metrics and logs
    Handler handler = nullptr;
    const OperationType* operation = nullptr;  ///< for routes that are one command
};

/// What a path led to.
struct Match {
    const Route* route = nullptr;
    std::optional<Problem> problem;  ///< set exactly if there is no route
};

/// Finds the route of a request. Immutable after construction, hence thread-safe.
class Router {
  public:
    explicit Router(std::vector<Route> routes);

    /// Fills in `request.id`.
    Match find(Request& request) const;
    const std::vector<Route>& routes() const noexcept { return routes_; }
    std::size_t index_of(const Route& route) const noexcept {
        return static_cast<std::size_t>(&route - routes_.data());
    }

  private:
    struct Path {
        std::vector<std::string_view> segments;
        std::array<const Route*, 3> by_method{};
        std::string allow;
    };

    static bool matches(
        const Path& path, const std::vector<std::string_view>& segments, std::string_view& id
    );

    std::vector<Route> routes_;
    std::vector<Path> paths_;
};

}  // namespace faregate::http
