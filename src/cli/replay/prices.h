#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "faregate/core/amount.h"
#include "faregate/core/result.h"

namespace faregate::cli {

/// What one token costs. Exact: a model whose price per token needs more decimals than the asset
/// keeps is refused when the file is read.
struct ModelPrice {
    std::string model;
    Amount input_token;
    Amount output_token;

    Amount cost(std::uint64_t input_tokens, std::uint64_t output_tokens) const noexcept;
};

/// A price file: `{"asset": "USD", "scale": 9, "models": [{"model": "gpt-4o", "input": "2.5",
/// "output": "10"}]}` with prices per million tokens as strings.
struct PriceList {
    std::string asset;
    Scale scale = 0;
    std::vector<ModelPrice> models;
};

Result<PriceList> parse_prices(std::string_view json, const std::string& name);
Result<PriceList> read_prices(const std::string& path);

}  // namespace faregate::cli
