#include "faregate/core/amount.h"

#include <algorithm>
#include <array>
#include <limits>

#include "faregate/core/assert.h"

namespace faregate {
namespace {

constexpr int128_t internal_max = Amount::power_of_ten(36);
constexpr int coefficient_digits_max = 37;

void check_range(int128_t units) {
    FG_ASSERT(units <= internal_max && units >= -internal_max, "amount out of its range");
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string_view take_digits(std::string_view& text) {
    const auto end = std::find_if_not(text.begin(), text.end(), is_digit);
    const auto digits = text.substr(0, static_cast<std::size_t>(end - text.begin()));
    text.remove_prefix(digits.size());
    return digits;
}

/// The parts of a number in the grammar of RFC 8259, section 6.
struct NumberText {
    bool negative = false;
    std::string_view whole;
    std::string_view fraction;
    bool exponent_negative = false;
    std::string_view exponent;
};

bool split(std::string_view text, NumberText& parts) {
    if (text.starts_with('-')) {
        parts.negative = true;
        text.remove_prefix(1);
    }
    parts.whole = take_digits(text);
    if (parts.whole.empty() || (parts.whole.size() > 1 && parts.whole.front() == '0')) return false;
    if (text.starts_with('.')) {
        text.remove_prefix(1);
        parts.fraction = take_digits(text);
        if (parts.fraction.empty()) return false;
    }
    if (text.starts_with('e') || text.starts_with('E')) {
        text.remove_prefix(1);
        parts.exponent_negative = text.starts_with('-');
        if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
        parts.exponent = take_digits(text);
        if (parts.exponent.empty()) return false;
    }
    return text.empty();
}

}  // namespace

Amount& Amount::operator+=(Amount other) noexcept {
    units_ += other.units_;
    check_range(units_);
    return *this;
}

Amount& Amount::operator-=(Amount other) noexcept {
    units_ -= other.units_;
    check_range(units_);
    return *this;
}

std::string Amount::to_string(Scale scale) const {
    // From the last digit to the first.
    std::array<char, 48> text;
    std::size_t begin = text.size();
    std::size_t end = text.size();
    int128_t rest = units_ < 0 ? -units_ : units_;
    std::size_t digits = 0;
    const auto put = [&](auto& number) {
        if (digits == scale && end != begin) text[--begin] = '.';
        const char digit = static_cast<char>('0' + static_cast<int>(number % 10));
        number /= 10;
        ++digits;
        // Zeros at the end of the fraction are left out, and so is the point after them.
        if (digits <= scale && digit == '0' && end == begin) return;
        text[--begin] = digit;
    };
    constexpr int128_t narrow_max = std::numeric_limits<std::uint64_t>::max();
    while (rest > narrow_max) put(rest);
    // Division of 128 bits is slow, and few amounts need it.
    auto narrow = static_cast<std::uint64_t>(rest);
    while (narrow != 0 || digits <= scale) put(narrow);
    if (units_ < 0) text[--begin] = '-';
    return std::string(text.data() + begin, end - begin);
}

Result<Amount> Amount::parse(std::string_view text, Scale scale) {
    const bool negative = text.starts_with('-');
    std::string_view rest = text.substr(negative ? 1 : 0);
    const std::string_view whole = take_digits(rest);
    std::string_view fraction;
    if (rest.starts_with('.')) {
        rest.remove_prefix(1);
        fraction = take_digits(rest);
    }
    const std::size_t last = fraction.find_last_not_of('0');
    fraction = fraction.substr(0, last == std::string_view::npos ? 0 : last + 1);
    if (whole.empty() || !rest.empty() || fraction.size() > scale || whole.size() > 37) {
        return failure(
            ErrorCode::corruption,
            "not an amount at scale " + std::to_string(scale) + ": \"" + std::string(text) + "\""
        );
    }
    int128_t units = 0;
    for (std::size_t i = 0; i < whole.size() + scale; ++i) {
        const std::size_t decimal = i - whole.size();
        const char digit = i < whole.size()            ? whole[i]
                           : decimal < fraction.size() ? fraction[decimal]
                                                       : '0';
        units = units * 10 + (digit - '0');
        if (units > internal_max) {
            return failure(ErrorCode::corruption, "amount too large: " + std::string(text));
        }
    }
    return from_units(negative ? -units : units);
}

Decimal Decimal::invalid() noexcept { return Decimal{}; }

Decimal Decimal::parse(std::string_view text) noexcept {
    Decimal result;
    NumberText parts;
    if (!split(text, parts)) return result;

    std::int64_t exponent = 0;
    for (char c : parts.exponent) {
        // Far past any scale, more digits change nothing; stop before the sum can overflow.
        if (exponent < 1'000'000'000) exponent = exponent * 10 + (c - '0');
    }
    if (parts.exponent_negative) exponent = -exponent;

    // Trailing zeros belong to the exponent, so that "1.000" fits an asset without decimals.
    const auto digit_at = [&](std::size_t i) {
        return i < parts.whole.size() ? parts.whole[i] : parts.fraction[i - parts.whole.size()];
    };
    std::size_t end = parts.whole.size() + parts.fraction.size();
    exponent -= static_cast<std::int64_t>(parts.fraction.size());
    while (end > 0 && digit_at(end - 1) == '0') {
        --end;
        ++exponent;
    }
    std::size_t begin = 0;
    while (begin < end && digit_at(begin) == '0') ++begin;
    if (begin == end) {
        result.fault_ = Fault::none;  // Zero, however it was written ("-0" too).
        return result;
    }
    if (parts.negative) {
        result.fault_ = Fault::negative;
    } else if (end - begin > coefficient_digits_max || exponent > 40 || exponent < -1'000'000) {
        result.fault_ = exponent < -scale_max ? Fault::too_many_decimals : Fault::too_many_digits;
    } else {
        for (std::size_t i = begin; i < end; ++i) {
            result.coefficient_ = result.coefficient_ * 10 + (digit_at(i) - '0');
        }
        result.exponent_ = static_cast<std::int32_t>(exponent);
        result.fault_ = Fault::none;
    }
    return result;
}

tl::expected<Amount, Decimal::Fault> Decimal::to_amount(Scale scale) const noexcept {
    FG_ASSERT(scale <= scale_max, "scale out of range");
    if (fault_ != Fault::none) return tl::unexpected(fault_);
    const int shift = exponent_ + scale;
    if (shift < 0) return tl::unexpected(Fault::too_many_decimals);
    int128_t units = coefficient_;
    for (int i = 0; i < shift && units != 0; ++i) {
        units *= 10;
        if (units > Amount::request_max().units()) return tl::unexpected(Fault::too_large);
    }
    if (units > Amount::request_max().units()) return tl::unexpected(Fault::too_large);
    return Amount::from_units(units);
}

const char* describe(Decimal::Fault fault) noexcept {
    switch (fault) {
        case Decimal::Fault::none:
            return "is valid";
        case Decimal::Fault::not_a_number:
            return "is not a decimal number; write it as a string such as \"12.50\"";
        case Decimal::Fault::too_many_digits:
            return "has more digits than any asset can hold";
        case Decimal::Fault::negative:
            return "is negative";
        case Decimal::Fault::too_many_decimals:
            return "has more decimals than the asset keeps; amounts are never rounded";
        case Decimal::Fault::too_large:
            return "is larger than the ledger accepts";
        case Decimal::Fault::not_positive:
            return "must be greater than zero";
    }
    return "is invalid";
}

}  // namespace faregate
