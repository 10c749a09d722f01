#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/problem.h"

namespace faregate::http {

enum class ContentType : std::uint8_t { json, problem, yaml, metrics };

/// What a route answers; the session adds the rest of the head.
struct Reply {
    int status = 200;
    ContentType content_type = ContentType::json;
    std::string body;
    std::optional<std::size_t> problem;  ///< index into problem_type()
    bool replayed = false;
    bool close = false;  ///< the connection cannot be used for another request
    std::uint32_t retry_after_seconds = 0;
    std::string_view allow;

    Reply() = default;
    explicit Reply(int status_code) : status(status_code) {}
    Reply(const Problem& failed)  // NOLINT: a problem is a reply
        : status(failed.type().status),
          content_type(ContentType::problem),
          problem(failed.index),
          retry_after_seconds(failed.retry_after_seconds),
          allow(failed.allow) {
        append_problem(body, failed);
    }

    bool is_problem() const noexcept { return problem.has_value(); }
};

}  // namespace faregate::http
