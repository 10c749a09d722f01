#pragma once

#include <cstdint>
#include <istream>
#include <string>
#include <vector>

#include "faregate/core/result.h"
#include "faregate/core/time.h"

namespace faregate::cli {

/// One call of a language model, as it once happened.
struct TraceRow {
    Timestamp arrived_at;
    std::uint32_t context_tokens = 0;
    std::uint32_t generated_tokens = 0;
};

/// Reads a CSV with the header TIMESTAMP,ContextTokens,GeneratedTokens. `name` stands in messages,
/// which name the line. `rows_max` = 0 reads everything.
Result<std::vector<TraceRow>> parse_trace(
    std::istream& in, const std::string& name, std::uint64_t rows_max
);
Result<std::vector<TraceRow>> read_trace(const std::string& path, std::uint64_t rows_max);

}  // namespace faregate::cli
