#include "rating/exact.h"

#include <algorithm>
#include <array>
#include <boost/multiprecision/cpp_int.hpp>
#include <limits>
#include <type_traits>

#include "faregate/core/assert.h"

namespace faregate::rating {
namespace {

__extension__ typedef unsigned __int128 uint128_t;
using Wide = boost::multiprecision::uint512_t;

constexpr int product_decimals_max = 2 * Number::decimals_max;
constexpr int value_decimals_max = 3 * Number::decimals_max;

// One arithmetic for both widths. Each operation says whether the result fits.

bool multiply(uint128_t& value, uint128_t factor) noexcept {
    return !__builtin_mul_overflow(value, factor, &value);
}
bool multiply(Wide& value, const Wide& factor) noexcept {
    value *= factor;
    return true;
}
bool add(uint128_t& value, uint128_t other) noexcept {
    return !__builtin_add_overflow(value, other, &value);
}
bool add(Wide& value, const Wide& other) noexcept {
    value += other;
    return true;
}

template <typename Int>
Int power_of_ten(int exponent);

template <>
uint128_t power_of_ten<uint128_t>(int exponent) {
    static constexpr auto powers = [] {
        std::array<uint128_t, 39> result{};
        uint128_t power = 1;
        for (uint128_t& place : result) {
            place = power;
            power *= 10;
        }
        return result;
    }();
    return powers[static_cast<std::size_t>(exponent)];
}

template <>
Wide power_of_ten<Wide>(int exponent) {
    const Wide low = static_cast<Wide>(power_of_ten<uint128_t>(std::min(exponent, 38)));
    return exponent <= 38 ? low : low * power_of_ten<Wide>(exponent - 38);
}

template <typename Int>
bool scale_up(Int& value, int decimals) noexcept {
    if (decimals == 0) return true;
    if constexpr (std::is_same_v<Int, uint128_t>) {
        if (decimals > 38) return value == 0;
    }
    return multiply(value, power_of_ten<Int>(decimals));
}

template <typename Int>
Int coefficient_of(const Number& number) {
    return static_cast<Int>(static_cast<uint128_t>(number.coefficient()));
}

/// numerator / (per * 10^decimals), with the `per` of all parts.
template <typename Int>
struct Sum {
    Int numerator = 0;
    int decimals = 0;
};

int decimals_of(const Part& part) noexcept {
    return std::max(part.quantity.decimals() + part.price.decimals(), part.flat.decimals());
}

/// Adds a number to the sum, with its denominator. False if it does not fit.
template <typename Int>
bool add_number(Sum<Int>& sum, const Number& number, std::uint64_t per) noexcept {
    Int term = coefficient_of<Int>(number);
    return multiply(term, static_cast<Int>(per)) &&
           scale_up(term, sum.decimals - number.decimals()) && add(sum.numerator, term);
}

/// False if it does not fit. The sum has at least `decimals` decimals.
template <typename Int>
bool add_up(std::span<const Part> parts, std::uint64_t per, int decimals, Sum<Int>& sum) noexcept {
    sum.decimals = decimals;
    for (const Part& part : parts) sum.decimals = std::max(sum.decimals, decimals_of(part));
    for (const Part& part : parts) {
        Int term = coefficient_of<Int>(part.quantity);
        const int shift = sum.decimals - part.quantity.decimals() - part.price.decimals();
        if (!multiply(term, coefficient_of<Int>(part.price)) || !scale_up(term, shift) ||
            !add(sum.numerator, term)) {
            return false;
        }
        if (!part.flat.is_zero() && !add_number(sum, part.flat, per)) return false;
    }
    return true;
}

template <typename Int>
bool apply(const Number* multiplier, Sum<Int>& sum) noexcept {
    if (multiplier == nullptr) return true;
    sum.decimals += multiplier->decimals();
    return multiply(sum.numerator, coefficient_of<Int>(*multiplier));
}

/// numerator / denominator and what is left.
template <typename Int>
void divide(const Int& numerator, const Int& denominator, Int& quotient, Int& rest) {
    if constexpr (std::is_same_v<Int, uint128_t>) {
        // A division of 128 bits is a call, one of 64 bits an instruction.
        constexpr uint128_t narrow_max = std::numeric_limits<std::uint64_t>::max();
        if (numerator <= narrow_max && denominator <= narrow_max) {
            const auto a = static_cast<std::uint64_t>(numerator);
            const auto b = static_cast<std::uint64_t>(denominator);
            quotient = a / b;
            rest = a % b;
            return;
        }
        quotient = numerator / denominator;
        rest = numerator - quotient * denominator;
    } else {
        boost::multiprecision::divide_qr(numerator, denominator, quotient, rest);
    }
}

/// The operands of the division that gives units at `scale`; false if they do not fit.
template <typename Int>
bool at_scale(Sum<Int>& sum, std::uint64_t per, Scale scale, Int& denominator) noexcept {
    denominator = static_cast<Int>(per);
    const int shift = sum.decimals - scale;
    return shift <= 0 ? scale_up(sum.numerator, -shift) : scale_up(denominator, shift);
}

template <typename Int>
std::optional<Rounded> half_even(const Int& numerator, const Int& denominator) {
    Int quotient = 0;
    Int rest = 0;
    divide(numerator, denominator, quotient, rest);
    Rounded result;
    if (rest != 0) {
        const Int other = denominator - rest;
        const bool up = rest > other || (rest == other && (quotient & 1U) == 1U);
        result.rounding = up ? Rounding::up : Rounding::down;
        if (up) quotient += 1;
    }
    const Int request_max = power_of_ten<Int>(30);
    if (quotient > request_max) return std::nullopt;
    result.amount = Amount::from_units(static_cast<int128_t>(static_cast<uint128_t>(quotient)));
    return result;
}

template <typename Int>
std::strong_ordering order(const Int& a, const Int& b) noexcept {
    if (a < b) return std::strong_ordering::less;
    return a == b ? std::strong_ordering::equal : std::strong_ordering::greater;
}

/// Nothing if 128 bits are not enough.
template <typename Int>
std::optional<std::strong_ordering> compare_with(
    std::span<const Part> parts, std::uint64_t per, const Number& bound
) noexcept {
    Sum<Int> sum;
    if (!add_up(parts, per, bound.decimals(), sum)) return std::nullopt;
    Sum<Int> other{0, sum.decimals};
    if (!add_number(other, bound, per)) return std::nullopt;
    return order(sum.numerator, other.numerator);
}

}  // namespace

std::optional<Rounded> round_value(
    std::span<const Part> parts, std::uint64_t per, const Number* multiplier, Scale scale
) noexcept {
    Sum<uint128_t> sum;
    uint128_t denominator = 1;
    if (add_up(parts, per, 0, sum) && apply(multiplier, sum) &&
        at_scale(sum, per, scale, denominator)) {
        return half_even(sum.numerator, denominator);
    }
    return round_value_wide(parts, per, multiplier, scale);
}

std::optional<Rounded> round_value_wide(
    std::span<const Part> parts, std::uint64_t per, const Number* multiplier, Scale scale
) noexcept {
    Sum<Wide> sum;
    Wide denominator = 1;
    const bool fits = add_up(parts, per, 0, sum) && apply(multiplier, sum) &&
                      at_scale(sum, per, scale, denominator);
    FG_ASSERT(fits && sum.decimals <= value_decimals_max, "the limits of a price fit 512 bits");
    return half_even(sum.numerator, denominator);
}

std::strong_ordering compare_value(
    std::span<const Part> parts, std::uint64_t per, const Number& bound
) noexcept {
    if (const auto narrow = compare_with<uint128_t>(parts, per, bound)) return *narrow;
    return *compare_with<Wide>(parts, per, bound);
}

std::strong_ordering compare_values(
    std::span<const Part> a, std::span<const Part> b, std::uint64_t per
) noexcept {
    Sum<Wide> left;
    Sum<Wide> right;
    add_up(a, per, product_decimals_max, left);
    add_up(b, per, product_decimals_max, right);
    return order(left.numerator, right.numerator);
}

std::string value_text(std::span<const Part> parts, std::uint64_t per, const Number* multiplier) {
    Sum<Wide> sum;
    const bool fits = add_up(parts, per, 0, sum) && apply(multiplier, sum);
    FG_ASSERT(fits, "the limits of a price fit 512 bits");
    // Twos and fives of `per` become decimals, what else it has in common is cancelled.
    std::uint64_t rest = per;
    for (const std::uint64_t factor : {std::uint64_t{10}, std::uint64_t{2}, std::uint64_t{5}}) {
        for (; rest % factor == 0; rest /= factor) {
            sum.numerator *= 10 / factor;
            ++sum.decimals;
        }
    }
    const Wide common = boost::multiprecision::gcd(sum.numerator, Wide(rest));
    sum.numerator /= common;
    rest = static_cast<std::uint64_t>(Wide(rest) / common);
    std::string digits = sum.numerator.str();
    const auto decimals = static_cast<std::size_t>(sum.decimals);
    if (digits.size() <= decimals) digits.insert(0, decimals + 1 - digits.size(), '0');
    if (decimals > 0) {
        digits.insert(digits.size() - decimals, 1, '.');
        digits.erase(digits.find_last_not_of('0') + 1);
        if (digits.back() == '.') digits.pop_back();
    }
    return rest == 1 ? digits : digits + "/" + std::to_string(rest);
}

}  // namespace faregate::rating
