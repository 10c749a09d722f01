#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace faregate::http {

enum class Method : std::uint8_t { get, post, patch, other };

/// One request, as the routes see it. The views live as long as the session keeps the message.
struct Request {
    Method method = Method::other;
    std::string_view path;   ///< as it was sent
    std::string_view query;  ///< what follows the question mark, as it was sent
    std::string id;          ///< the {id} of the route's pattern, decoded
    std::string_view body;

    // Headers, empty if absent.
    std::string_view authorization;
    std::string_view content_type;
    std::optional<std::string_view> idempotency_key;
    std::optional<std::string_view> durability;
    bool repeated_header = false;  ///< one of the above came more than once
};

}  // namespace faregate::http
