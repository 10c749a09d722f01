#include "http/query_reader.h"

#include <algorithm>
#include <boost/url/encoding_opts.hpp>
#include <boost/url/params_encoded_view.hpp>
#include <boost/url/parse_query.hpp>
#include <charconv>

#include "http/render.h"

namespace faregate::http {

QueryReader::QueryReader(
    std::string_view query, std::initializer_list<std::string_view> names,
    std::optional<Problem>& fault
)
    : fault_(fault) {
    if (query.empty() || fault_) return;
    // Boost 1.81's parse_query takes the length of its result from a terminating zero that a view
    // into the request's target does not have.
    const std::string terminated(query);
    const auto parsed = boost::urls::parse_query(terminated);
    if (!parsed) {
        fault_ = Problem(
            Refusal::invalid_request,
            "The query string is not valid; percent-encode what is not a letter or digit."
        );
        return;
    }
    // A plus stays a plus: offsets of times have one.
    for (const auto& parameter : *parsed) {
        std::string name = parameter.key.decode();
        if (std::find(names.begin(), names.end(), name) == names.end()) {
            fault_ = Problem(
                Refusal::invalid_request, quoted(name) + " is not a parameter of this route."
            );
            return;
        }
        const auto same = [&](const auto& each) { return each.first == name; };
        if (std::any_of(parameters_.begin(), parameters_.end(), same)) {
            fault_ = invalid_member(name, "came more than once.");
            return;
        }
        parameters_.emplace_back(std::move(name), parameter.value.decode());
    }
}

std::optional<std::string> QueryReader::text(std::string_view name) const {
    const auto found = std::find_if(parameters_.begin(), parameters_.end(), [&](const auto& each) {
        return each.first == name;
    });
    if (found == parameters_.end()) return std::nullopt;
    return found->second;
}

std::optional<Timestamp> QueryReader::time(std::string_view name) {
    const auto value = text(name);
    if (!value) return std::nullopt;
    const auto time = parse_rfc3339(*value);
    if (!time && !fault_) {
        fault_ = invalid_member(name, "must be an RFC 3339 time such as 2026-01-31T09:30:00Z.");
    }
    return time;
}

std::uint32_t QueryReader::limit() {
    const auto value = text("limit");
    if (!value) return limit_default;
    std::uint32_t limit = 0;
    const char* end = value->data() + value->size();
    const auto [last, error] = std::from_chars(value->data(), end, limit);
    if (error == std::errc{} && last == end && limit >= 1 && limit <= limit_max) return limit;
    if (!fault_) fault_ = invalid_member("limit", "must be an integer from 1 to 1000.");
    return limit_default;
}

}  // namespace faregate::http
