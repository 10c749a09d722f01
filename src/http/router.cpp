#include "http/router.h"

#include <algorithm>
#include <boost/url/decode_view.hpp>
#include <boost/url/pct_string_view.hpp>

#include "faregate/core/assert.h"

namespace faregate::http {
namespace {

constexpr std::string_view id_segment = "{id}";
// No pattern has more; a longer path is cut here and matches nothing.
constexpr std::size_t segments_max = 8;

void split(std::string_view path, std::vector<std::string_view>& segments) {
    segments.clear();
    if (!path.starts_with('/')) return;
    path.remove_prefix(1);
    while (segments.size() < segments_max) {
        const std::size_t slash = path.find('/');
        segments.push_back(path.substr(0, slash));
        if (slash == std::string_view::npos) return;
        path.remove_prefix(slash + 1);
    }
}

const char* name_of(Method method) {
    switch (method) {
        case Method::get:
            return "GET";
        case Method::post:
            return "POST";
        case Method::patch:
            return "PATCH";
        case Method::other:
            break;
    }
    return "";
}

std::optional<std::string> decode(std::string_view segment) {
    if (segment.find('%') == std::string_view::npos) return std::string(segment);
    const auto encoded = boost::urls::make_pct_string_view(segment);
    if (!encoded) return std::nullopt;
    const boost::urls::decode_view decoded(*encoded);
    return std::string(decoded.begin(), decoded.end());
}

}  // namespace

Router::Router(std::vector<Route> routes) : routes_(std::move(routes)) {
    std::vector<std::string_view> segments;
    for (const Route& route : routes_) {
        split(route.pattern, segments);
        auto path = std::find_if(paths_.begin(), paths_.end(), [&](const Path& each) {
            return each.segments == segments;
        });
        if (path == paths_.end()) path = paths_.insert(paths_.end(), Path{segments, {}, ""});
        const Route*& place = path->by_method[static_cast<std::size_t>(route.method)];
        FG_ASSERT(place == nullptr, "two routes for one method and pattern");
        place = &route;
        if (!path->allow.empty()) path->allow += ", ";
        path->allow += name_of(route.method);
    }
}

bool Router::matches(
    const Path& path, const std::vector<std::string_view>& segments, std::string_view& id
) {
    if (path.segments.size() != segments.size()) return false;
    for (std::size_t i = 0; i < segments.size(); ++i) {
        if (path.segments[i] == id_segment && !segments[i].empty()) {
            id = segments[i];
        } else if (path.segments[i] != segments[i]) {
            return false;
        }
    }
    return true;
}

Match Router::find(Request& request) const {
    thread_local std::vector<std::string_view> segments;
    split(request.path, segments);
    std::string_view id;
    const auto path = std::find_if(paths_.begin(), paths_.end(), [&](const Path& each) {
        return matches(each, segments, id);
    });
    auto decoded = decode(id);
    if (path == paths_.end() || !decoded) {
        return Match{
            nullptr, Problem(
                         Refusal::route_not_found,
                         "There is nothing at this path. GET /openapi.yaml lists all routes."
                     )};
    }
    request.id = std::move(*decoded);
    const Route* route = request.method == Method::other
                             ? nullptr
                             : path->by_method[static_cast<std::size_t>(request.method)];
    if (route != nullptr) return Match{route, std::nullopt};
    Problem problem(
        Refusal::method_not_allowed, "This path has the methods " + path->allow + " only."
    );
    problem.allow = path->allow;
    return Match{nullptr, std::move(problem)};
}

}  // namespace faregate::http
