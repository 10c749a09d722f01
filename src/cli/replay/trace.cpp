#include "cli/replay/trace.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <fstream>
#include <optional>
#include <string_view>

namespace faregate::cli {
namespace {

constexpr std::string_view header = "TIMESTAMP,ContextTokens,GeneratedTokens";
constexpr std::uint32_t tokens_max = 1'000'000'000;

std::optional<std::uint32_t> parse_tokens(std::string_view text) {
    std::uint32_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    if (value > tokens_max) return std::nullopt;
    return value;
}

/// `2023-11-16 18:15:46.6805900`, in UTC.
std::optional<Timestamp> parse_arrival(std::string_view text) {
    std::string rfc3339(text);
    if (const auto space = rfc3339.find(' '); space != std::string::npos) rfc3339[space] = 'T';
    return parse_rfc3339(rfc3339 + "Z");
}

std::optional<std::array<std::string_view, 3>> split(std::string_view line) {
    const auto first = line.find(',');
    if (first == std::string_view::npos) return std::nullopt;
    const auto second = line.find(',', first + 1);
    if (second == std::string_view::npos) return std::nullopt;
    if (line.find(',', second + 1) != std::string_view::npos) return std::nullopt;
    return std::array{
        line.substr(0, first), line.substr(first + 1, second - first - 1), line.substr(second + 1)};
}

Result<TraceRow> parse_row(std::string_view line) {
    const auto fields = split(line);
    if (!fields) return failure(ErrorCode::invalid_argument, "expected three fields");
    const auto& [arrival, context, generated] = *fields;
    const auto arrived_at = parse_arrival(arrival);
    if (!arrived_at) {
        return failure(
            ErrorCode::invalid_argument,
            fmt::format("\"{}\" is not a time such as 2023-11-16 18:15:46.6805900", arrival)
        );
    }
    const auto context_tokens = parse_tokens(context);
    const auto generated_tokens = parse_tokens(generated);
    if (!context_tokens || !generated_tokens) {
        return failure(
            ErrorCode::invalid_argument, fmt::format(
                                             "\"{}\" is not a number of tokens (0 to {})",
                                             context_tokens ? generated : context, tokens_max
                                         )
        );
    }
    return TraceRow{*arrived_at, *context_tokens, *generated_tokens};
}

void strip_carriage_return(std::string& line) {
    if (line.ends_with('\r')) line.pop_back();
}

}  // namespace

Result<std::vector<TraceRow>> parse_trace(
    std::istream& in, const std::string& name, std::uint64_t rows_max
) {
    std::string line;
    std::getline(in, line);
    strip_carriage_return(line);
    if (line != header) {
        return failure(
            ErrorCode::invalid_argument,
            fmt::format("{}: line 1: expected the header {}", name, header)
        );
    }
    std::vector<TraceRow> rows;
    for (std::uint64_t number = 2; std::getline(in, line); ++number) {
        if (rows_max != 0 && rows.size() == rows_max) break;
        strip_carriage_return(line);
        if (line.empty()) continue;
        auto row = parse_row(line);
        if (!row) {
            return failure(
                row.error().code, fmt::format("{}: line {}: {}", name, number, row.error().message)
            );
        }
        rows.push_back(*row);
    }
    if (in.bad()) return failure(ErrorCode::io, fmt::format("{}: cannot be read", name));
    if (rows.empty()) {
        return failure(ErrorCode::invalid_argument, fmt::format("{}: has no calls", name));
    }
    return rows;
}

Result<std::vector<TraceRow>> read_trace(const std::string& path, std::uint64_t rows_max) {
    std::ifstream in(path);
    if (!in) return failure(ErrorCode::not_found, fmt::format("{}: cannot be opened", path));
    return parse_trace(in, path, rows_max);
}

}  // namespace faregate::cli
