#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "faregate/core/amount.h"

namespace faregate::rating {

/// An exact decimal number that is not negative: a quantity, a price, a rate. At most 18 digits
/// before the point and 18 after it, so that any two can be brought to the same number of decimals
/// within 128 bits. Nothing here rounds; what does not fit is refused.
///
/// A plain value; equal numbers have equal representations ("1.50" is "1.5").
class Number {
  public:
    static constexpr int whole_digits_max = 18;
    static constexpr int decimals_max = 18;

    /// Zero.
    constexpr Number() = default;

    /// Precondition: value < 10^18.
    static Number whole(std::uint64_t value) noexcept;

    /// A number as a caller wrote it. The fault is Decimal's own, or `too_many_decimals` past the
    /// 18th decimal, or `too_large` from 10^18.
    static tl::expected<Number, Decimal::Fault> from(const Decimal& decimal) noexcept;
    /// Reads `text` in JSON's number grammar.
    static tl::expected<Number, Decimal::Fault> parse(std::string_view text) noexcept;
    /// An amount of an asset, such as what a percentage is taken of. Nothing if it is negative or
    /// from 10^18.
    static std::optional<Number> from(Amount amount, Scale scale) noexcept;

    /// The number is coefficient() * 10^-decimals(), with the fewest decimals that do.
    constexpr int128_t coefficient() const noexcept { return coefficient_; }
    constexpr int decimals() const noexcept { return decimals_; }
    constexpr bool is_zero() const noexcept { return coefficient_ == 0; }

    /// Nothing from 10^18.
    std::optional<Number> plus(const Number& other) const noexcept;
    /// Nothing below zero.
    std::optional<Number> minus(const Number& other) const noexcept;
    /// How many packages of `size` are started by this many units: this / size, rounded up.
    /// Nothing from 10^18. Precondition: size is not zero.
    std::optional<Number> packages_of(const Number& size) const noexcept;

    friend constexpr bool operator==(const Number&, const Number&) = default;
    friend std::strong_ordering operator<=>(const Number& a, const Number& b) noexcept;

    /// As few digits as it takes: "0.15", "1000000".
    std::string to_string() const;

  private:
    constexpr Number(int128_t coefficient, int decimals) noexcept
        : coefficient_(coefficient), decimals_(static_cast<std::uint8_t>(decimals)) {}
    static std::optional<Number> normalized(int128_t coefficient, int decimals) noexcept;
    /// The coefficient that the number has with that many decimals, which are not fewer.
    int128_t at(int decimals) const noexcept;

    int128_t coefficient_ = 0;
    std::uint8_t decimals_ = 0;
};

}  // namespace faregate::rating
