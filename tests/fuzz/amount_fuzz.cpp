// Numbers, times and ids as callers write them: any bytes are read without harm; a number is
// accepted exactly if it is one, fits the scale and is not too large, and then is what its digits
// say; and what is accepted is printed and read back.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "faregate/core/amount.h"
#include "faregate/core/assert.h"
#include "faregate/core/id.h"
#include "faregate/core/time.h"

namespace faregate {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string take_digits(std::string_view& text) {
    const auto end = std::find_if_not(text.begin(), text.end(), is_digit);
    const std::string digits(text.begin(), end);
    text.remove_prefix(digits.size());
    return digits;
}

bool take(std::string_view& text, char c) {
    if (!text.starts_with(c)) return false;
    text.remove_prefix(1);
    return true;
}

/// The digits of a number and the power of ten that they count, as a pupil would write them down.
struct Written {
    bool negative = false;
    std::string digits;
    std::int64_t exponent = 0;
};

/// Nothing if `text` is not a number of RFC 8259.
std::optional<Written> read(std::string_view text) {
    Written number;
    number.negative = take(text, '-');
    const std::string whole = take_digits(text);
    if (whole.empty() || (whole.size() > 1 && whole[0] == '0')) return std::nullopt;
    std::string fraction;
    if (take(text, '.')) {
        fraction = take_digits(text);
        if (fraction.empty()) return std::nullopt;
    }
    if (take(text, 'e') || take(text, 'E')) {
        const bool down = take(text, '-');
        if (!down) take(text, '+');
        std::string power = take_digits(text);
        if (power.empty()) return std::nullopt;
        power.erase(0, power.find_first_not_of('0'));
        // A number of nine digits and its exponent are both far away from everything.
        number.exponent = power.size() > 9 ? 1'000'000'000 : std::stoll("0" + power);
        if (down) number.exponent = -number.exponent;
    }
    if (!text.empty()) return std::nullopt;
    number.digits = whole + fraction;
    number.exponent -= static_cast<std::int64_t>(fraction.size());
    return number;
}

/// The number in units of 10^-scale; nothing if it has none or is out of range.
std::optional<std::string> units(const std::optional<Written>& number, Scale scale) {
    constexpr std::size_t digits_max = 30;
    if (!number) return std::nullopt;
    std::string digits = number->digits;
    digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size()));
    if (digits.empty()) return "0";
    if (number->negative) return std::nullopt;
    std::int64_t shift = number->exponent + scale;
    for (; shift < 0 && digits.back() == '0'; ++shift) digits.pop_back();
    if (shift < 0) return std::nullopt;
    if (shift > static_cast<std::int64_t>(digits_max)) return std::nullopt;
    digits.append(static_cast<std::size_t>(shift), '0');
    const bool fits = digits.size() <= digits_max || digits == "1" + std::string(digits_max, '0');
    return fits ? std::optional(digits) : std::nullopt;
}

void check_number(std::string_view text) {
    const Decimal decimal = Decimal::parse(text);
    const auto written = read(text);
    for (Scale scale = 0; scale <= scale_max; ++scale) {
        const auto amount = decimal.to_amount(scale);
        const auto expected = units(written, scale);
        FG_ASSERT(amount.has_value() == expected.has_value(), "a number is accepted if it fits");
        if (!amount) continue;
        FG_ASSERT(amount->to_string(0) == *expected, "an amount is what its digits say");
        const auto again = Amount::parse(amount->to_string(scale), scale);
        FG_ASSERT(again.has_value() && *again == *amount, "an amount survives printing");
        const auto reread = Decimal::parse(amount->to_string(scale)).to_amount(scale);
        FG_ASSERT(reread.has_value() && *reread == *amount, "a reply's amount is a valid request");
    }
}

void check_stored_amount(std::string_view text) {
    for (Scale scale = 0; scale <= scale_max; ++scale) {
        const auto amount = Amount::parse(text, scale);
        if (!amount) continue;
        const auto again = Amount::parse(amount->to_string(scale), scale);
        FG_ASSERT(again.has_value() && *again == *amount, "a stored amount survives printing");
    }
}

void check_time(std::string_view text) {
    const auto at = parse_rfc3339(text);
    if (!at) return;
    const std::string printed = to_rfc3339(*at);
    FG_ASSERT(parse_rfc3339(printed) == at, "a time survives printing");
    FG_ASSERT(at->microseconds >= 0 && printed >= "1970", "a time is in its range");
    if (!text.ends_with('Z')) return;
    FG_ASSERT(
        printed.substr(0, 10) == text.substr(0, 10) && printed.substr(11, 8) == text.substr(11, 8),
        "a time in UTC is the time that was written"
    );
}

template <typename Id>
void check_id(std::string_view text) {
    const auto id = Id::parse(text);
    if (id) FG_ASSERT(id->text() == text, "an id has one spelling");
}

}  // namespace
}  // namespace faregate

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace faregate;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    check_number(text);
    check_stored_amount(text);
    check_time(text);
    check_id<AuthorizationId>(text);
    check_id<GrantId>(text);
    check_id<WalletId>(text);
    check_id<JournalId>(text);
    if (const auto uid = Uid::from_bytes(text)) {
        const auto bytes = uid->bytes();
        FG_ASSERT(std::equal(bytes.begin(), bytes.end(), data), "16 bytes are an id");
        FG_ASSERT(parse_base32(to_base32(*uid)) == uid, "an id survives printing");
    }
    return 0;
}
