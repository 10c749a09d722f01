#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "faregate/core/amount.h"
#include "faregate/rating/charge.h"
#include "faregate/rating/number.h"

// Exact sums of the parts of a charge: sum(quantity * price) / per + sum(flat), times a multiplier.
//
// Everything is brought to one denominator, per * 10^decimals, and the numerator is an integer. At
// the limits it has 36 + 36 digits (a product), 36 more (the multiplier) and three (a hundred
// tiers): below 2^370. So 512 bits cannot overflow, and what fits 128 is computed there.
namespace faregate::rating {

struct Rounded {
    Amount amount;
    Rounding rounding = Rounding::exact;
};

/// The value at `scale`, half to even. Nothing above Amount::request_max().
/// Preconditions: at most tiers_max + 1 parts; 1 <= per <= per_max; multiplier may be null.
std::optional<Rounded> round_value(
    std::span<const Part> parts, std::uint64_t per, const Number* multiplier, Scale scale
) noexcept;

/// The same without the fast path, which tests compare with it.
std::optional<Rounded> round_value_wide(
    std::span<const Part> parts, std::uint64_t per, const Number* multiplier, Scale scale
) noexcept;

/// How the value compares with `bound`.
std::strong_ordering compare_value(
    std::span<const Part> parts, std::uint64_t per, const Number& bound
) noexcept;

/// How two sums of the same `per` compare.
std::strong_ordering compare_values(
    std::span<const Part> a, std::span<const Part> b, std::uint64_t per
) noexcept;

/// The value in decimals, followed by "/" and a number if it has no end.
std::string value_text(std::span<const Part> parts, std::uint64_t per, const Number* multiplier);

}  // namespace faregate::rating
