#include "cli/validators.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <optional>
#include <string_view>
#include <utility>

#include "faregate/http/server.h"

namespace faregate::cli {
namespace {

/// No zeros in front: CLI11 reads such a number in base 8, and the check would have seen another.
std::optional<std::uint64_t> parse_whole(std::string_view text) {
    if (text.size() > 1 && text.front() == '0') return std::nullopt;
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

/// A validator that refuses with what is allowed and what was given.
template <typename Accepts>
CLI::Validator validator(std::string allowed, Accepts accepts) {
    return CLI::Validator(
        [allowed = std::move(allowed), accepts](std::string& text) {
            if (accepts(text)) return std::string();
            return fmt::format("must be {}, not \"{}\"", allowed, text);
        },
        ""
    );
}

}  // namespace

CLI::Validator whole_number(std::uint64_t min, std::uint64_t max) {
    return validator(fmt::format("a whole number from {} to {}", min, max), [=](const auto& text) {
        const auto value = parse_whole(text);
        return value && *value >= min && *value <= max;
    });
}

CLI::Validator power_of_two(std::uint64_t min, std::uint64_t max) {
    return validator(fmt::format("a power of two from {} to {}", min, max), [=](const auto& text) {
        const auto value = parse_whole(text).value_or(0);
        return value >= min && value <= max && std::has_single_bit(value);
    });
}

CLI::Validator multiple_of(std::uint64_t factor, std::uint64_t min, std::uint64_t max) {
    return validator(
        fmt::format("a multiple of {} from {} to {}", factor, min, max),
        [=](const auto& text) {
            const auto value = parse_whole(text);
            return value && *value >= min && *value <= max && *value % factor == 0;
        }
    );
}

CLI::Validator one_of(std::vector<std::string> words) {
    auto allowed = fmt::format("one of {}", fmt::join(words, ", "));
    return validator(std::move(allowed), [words = std::move(words)](const auto& text) {
        return std::find(words.begin(), words.end(), text) != words.end();
    });
}

CLI::Validator listen_text() {
    return validator(
        "host:port such as 127.0.0.1:8080, 0.0.0.0:8080 or [::1]:8080",
        [](std::string_view text) {
            const auto colon = text.rfind(':');
            if (colon == std::string_view::npos) return false;
            auto host = text.substr(0, colon);
            const auto port = parse_whole(text.substr(colon + 1));
            const bool bracketed = host.starts_with('[') && host.ends_with(']');
            if (bracketed) host = host.substr(1, host.size() - 2);
            // Brackets come in pairs, and an IPv6 address without them could end in the port.
            const bool bare = !bracketed && host.find(':') != std::string_view::npos;
            const bool plain = host.find_first_of("[]") == std::string_view::npos;
            return !host.empty() && !bare && plain && port && *port <= 65'535;
        }
    );
}

CLI::Validator durability_word() {
    return CLI::Validator(
        [](std::string& text) {
            for (const auto level : {http::Durability::journal, http::Durability::postgres}) {
                if (text != to_string(level)) continue;
                text = std::to_string(static_cast<int>(level));
                return std::string();
            }
            return fmt::format("must be one of journal, postgres, not \"{}\"", text);
        },
        ""
    );
}

}  // namespace faregate::cli
