#include "faregate/rating/number.h"

#include <algorithm>
#include <array>
#include <limits>

#include "faregate/core/assert.h"

namespace faregate::rating {
namespace {

constexpr auto powers_of_ten = [] {
    std::array<int128_t, 37> powers{};
    int128_t power = 1;
    for (int128_t& place : powers) {
        place = power;
        power *= 10;
    }
    return powers;
}();

constexpr int128_t power_of_ten(int exponent) noexcept {
    return powers_of_ten[static_cast<std::size_t>(exponent)];
}

/// Below 2^64 a division takes one instruction instead of a call.
constexpr bool ends_in_zero(int128_t value) noexcept {
    constexpr int128_t narrow_max = std::numeric_limits<std::uint64_t>::max();
    if (value <= narrow_max) return static_cast<std::uint64_t>(value) % 10 == 0;
    return value % 10 == 0;
}

}  // namespace

Number Number::whole(std::uint64_t value) noexcept {
    FG_ASSERT(value < power_of_ten(whole_digits_max), "a whole number of at most 18 digits");
    return {static_cast<int128_t>(value), 0};
}

std::optional<Number> Number::normalized(int128_t coefficient, int decimals) noexcept {
    while (decimals > 0 && ends_in_zero(coefficient)) {
        coefficient /= 10;
        --decimals;
    }
    if (coefficient >= power_of_ten(whole_digits_max + decimals)) return std::nullopt;
    return Number(coefficient, decimals);
}

tl::expected<Number, Decimal::Fault> Number::from(const Decimal& decimal) noexcept {
    using Fault = Decimal::Fault;
    if (decimal.fault() != Fault::none) return tl::unexpected(decimal.fault());
    if (decimal.coefficient() == 0) return Number{};
    if (decimal.exponent() < -decimals_max) return tl::unexpected(Fault::too_many_decimals);
    if (decimal.exponent() >= whole_digits_max) return tl::unexpected(Fault::too_large);
    int128_t coefficient = decimal.coefficient();
    int decimals = -decimal.exponent();
    if (decimals < 0) {
        if (coefficient >= power_of_ten(whole_digits_max)) return tl::unexpected(Fault::too_large);
        coefficient *= power_of_ten(-decimals);
        decimals = 0;
    }
    const auto number = normalized(coefficient, decimals);
    if (!number) return tl::unexpected(Fault::too_large);
    return *number;
}

tl::expected<Number, Decimal::Fault> Number::parse(std::string_view text) noexcept {
    return from(Decimal::parse(text));
}

std::optional<Number> Number::from(Amount amount, Scale scale) noexcept {
    FG_ASSERT(scale <= scale_max, "scale out of range");
    if (amount.is_negative()) return std::nullopt;
    return normalized(amount.units(), scale);
}

int128_t Number::at(int decimals) const noexcept {
    return coefficient_ * power_of_ten(decimals - decimals_);
}

std::optional<Number> Number::plus(const Number& other) const noexcept {
    const int decimals = std::max(decimals_, other.decimals_);
    return normalized(at(decimals) + other.at(decimals), decimals);
}

std::optional<Number> Number::minus(const Number& other) const noexcept {
    const int decimals = std::max(decimals_, other.decimals_);
    const int128_t difference = at(decimals) - other.at(decimals);
    if (difference < 0) return std::nullopt;
    return normalized(difference, decimals);
}

std::optional<Number> Number::packages_of(const Number& size) const noexcept {
    FG_ASSERT(!size.is_zero(), "a package holds something");
    const int decimals = std::max(decimals_, size.decimals_);
    const int128_t units = at(decimals);
    const int128_t package = size.at(decimals);
    return normalized(units / package + (units % package == 0 ? 0 : 1), 0);
}

std::strong_ordering operator<=>(const Number& a, const Number& b) noexcept {
    const int decimals = std::max(a.decimals_, b.decimals_);
    const int128_t left = a.at(decimals);
    const int128_t right = b.at(decimals);
    if (left < right) return std::strong_ordering::less;
    return left == right ? std::strong_ordering::equal : std::strong_ordering::greater;
}

std::string Number::to_string() const {
    return Amount::from_units(coefficient_).to_string(decimals_);
}

}  // namespace faregate::rating
