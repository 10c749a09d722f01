#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "faregate/core/result.h"

namespace faregate {

__extension__ typedef __int128 int128_t;

/// The number of decimal digits that an asset keeps, 0 to `scale_max`.
using Scale = std::uint8_t;
inline constexpr Scale scale_max = 18;

/// An exact quantity of one asset, counted in its smallest unit (10^-scale of the asset).
///
/// Every Amount lies within +-10^36; addition and subtraction abort beyond that. A single amount
/// that a caller sends is at most `request_max` (10^30) and an account's posted balance, holds and
/// limit at most `balance_max` (10^31), so that rules may add several balances without a check,
/// and an audit may add up ten thousand full accounts. Input is checked against those two bounds
/// where it enters (Decimal::to_amount, ledger::decide) and refused there, never wrapped.
class Amount {
  public:
    constexpr Amount() = default;
    static constexpr Amount from_units(int128_t units) noexcept { return Amount(units); }
    static constexpr Amount request_max() noexcept { return Amount(power_of_ten(30)); }
    static constexpr Amount balance_max() noexcept { return Amount(power_of_ten(31)); }

    constexpr int128_t units() const noexcept { return units_; }
    constexpr bool is_zero() const noexcept { return units_ == 0; }
    constexpr bool is_positive() const noexcept { return units_ > 0; }
    constexpr bool is_negative() const noexcept { return units_ < 0; }

    Amount& operator+=(Amount other) noexcept;
    Amount& operator-=(Amount other) noexcept;
    friend Amount operator+(Amount a, Amount b) noexcept { return a += b; }
    friend Amount operator-(Amount a, Amount b) noexcept { return a -= b; }
    constexpr Amount operator-() const noexcept { return Amount(-units_); }
    friend constexpr auto operator<=>(Amount, Amount) = default;

    /// The decimal text in asset units, without trailing zeros: 1500000000 at scale 9 is "1.5".
    std::string to_string(Scale scale) const;

    /// The inverse of to_string, for text that this project wrote itself (PostgreSQL, reports);
    /// trailing zeros are fine. Fails on anything that is not exact at `scale`.
    static Result<Amount> parse(std::string_view text, Scale scale);

    static constexpr int128_t power_of_ten(int exponent) noexcept {
        int128_t result = 1;
        while (exponent-- > 0) result *= 10;
        return result;
    }

  private:
    explicit constexpr Amount(int128_t units) noexcept : units_(units) {}
    int128_t units_ = 0;
};

/// A decimal number as a caller wrote it, before the scale of its asset is known:
/// coefficient * 10^exponent, held exactly.
///
/// It may be invalid, and then knows why: a request names its faults in a fixed order (an unknown
/// wallet before a bad amount), so reading the number must not be the step that refuses it.
class Decimal {
  public:
    enum class Fault : std::uint8_t {
        none,
        not_a_number,     ///< Not a decimal number in JSON's grammar (RFC 8259, section 6).
        too_many_digits,  ///< Cannot fit any asset.
        negative,
        too_many_decimals,  ///< More decimals than the asset's scale. Never rounded.
        too_large,          ///< Above Amount::request_max().
        not_positive,       ///< Zero where something must move.
    };

    constexpr Decimal() = default;

    /// Reads `text` in JSON's number grammar. Never fails; see fault().
    static Decimal parse(std::string_view text) noexcept;
    static Decimal invalid() noexcept;

    /// The fault that is already known without a scale.
    Fault fault() const noexcept { return fault_; }

    /// The number is coefficient() * 10^exponent(), the coefficient without zeros at its end and of
    /// at most 37 digits. Precondition: fault() is none. For numbers that are no amounts (rates).
    int128_t coefficient() const noexcept { return coefficient_; }
    int exponent() const noexcept { return exponent_; }

    /// The exact amount at `scale`, or the fault that prevents it. Zero is allowed here.
    tl::expected<Amount, Fault> to_amount(Scale scale) const noexcept;

  private:
    int128_t coefficient_ = 0;
    std::int32_t exponent_ = 0;
    Fault fault_ = Fault::not_a_number;
};

/// A sentence for people: "has more decimals than the asset keeps".
const char* describe(Decimal::Fault fault) noexcept;

}  // namespace faregate
