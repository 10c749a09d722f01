#include "faregate/core/time.h"

#include <chrono>
#include <ctime>

#include "faregate/core/assert.h"

namespace faregate {
namespace {

constexpr std::int64_t microseconds_per_second = 1'000'000;
constexpr std::int64_t seconds_per_day = 86'400;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Takes exactly `count` digits off the front of `text`.
std::optional<int> take_digits(std::string_view& text, std::size_t count) {
    if (text.size() < count) return std::nullopt;
    int value = 0;
    for (char c : text.substr(0, count)) {
        if (!is_digit(c)) return std::nullopt;
        value = value * 10 + (c - '0');
    }
    text.remove_prefix(count);
    return value;
}

bool take(std::string_view& text, char wanted, char alternative) {
    if (text.empty() || (text.front() != wanted && text.front() != alternative)) return false;
    text.remove_prefix(1);
    return true;
}

bool take(std::string_view& text, char wanted) { return take(text, wanted, wanted); }

/// Takes `.digits` if present, as microseconds; digits past the sixth are cut.
std::optional<std::int64_t> take_fraction(std::string_view& text) {
    if (!take(text, '.')) return 0;
    std::int64_t micros = 0;
    std::int64_t weight = microseconds_per_second / 10;
    std::size_t digits = 0;
    while (!text.empty() && is_digit(text.front())) {
        micros += weight * (text.front() - '0');
        weight /= 10;
        ++digits;
        text.remove_prefix(1);
    }
    if (digits == 0 || digits > 9) return std::nullopt;
    return micros;
}

/// Takes `Z` or `+hh:mm`, as seconds east of UTC.
std::optional<std::int64_t> take_offset(std::string_view& text) {
    if (take(text, 'Z', 'z')) return 0;
    if (text.empty()) return std::nullopt;
    const char sign = text.front();
    if (sign != '+' && sign != '-') return std::nullopt;
    text.remove_prefix(1);
    const auto hours = take_digits(text, 2);
    if (!hours || *hours > 23 || !take(text, ':')) return std::nullopt;
    const auto minutes = take_digits(text, 2);
    if (!minutes || *minutes > 59) return std::nullopt;
    const std::int64_t seconds = *hours * 3600 + *minutes * 60;
    return sign == '-' ? -seconds : seconds;
}

/// Every answer and every stored row has times, so they are not formatted by a general function.
void put_digits(std::string& text, std::size_t begin, std::size_t count, std::int64_t value) {
    for (std::size_t i = begin + count; i > begin; --i) {
        text[i - 1] = static_cast<char>('0' + value % 10);
        value /= 10;
    }
}

}  // namespace

std::string to_rfc3339(Timestamp at) {
    using std::chrono::floor;
    const std::chrono::sys_time<std::chrono::microseconds> time{
        std::chrono::microseconds{at.microseconds}};
    const auto day = floor<std::chrono::days>(time);
    const std::chrono::year_month_day date{day};
    const int year = static_cast<int>(date.year());
    FG_ASSERT(year >= 1 && year <= 9999, "a time that RFC 3339 cannot write");
    const std::int64_t micros = (time - day).count();
    const std::int64_t seconds = micros / microseconds_per_second;
    std::string text = "0000-00-00T00:00:00.000000Z";
    put_digits(text, 0, 4, year);
    put_digits(text, 5, 2, static_cast<unsigned>(date.month()));
    put_digits(text, 8, 2, static_cast<unsigned>(date.day()));
    put_digits(text, 11, 2, seconds / 3600);
    put_digits(text, 14, 2, seconds / 60 % 60);
    put_digits(text, 17, 2, seconds % 60);
    put_digits(text, 20, 6, micros % microseconds_per_second);
    return text;
}

std::optional<Timestamp> parse_rfc3339(std::string_view text) {
    const auto year = take_digits(text, 4);
    if (!year || !take(text, '-')) return std::nullopt;
    const auto month = take_digits(text, 2);
    if (!month || !take(text, '-')) return std::nullopt;
    const auto day = take_digits(text, 2);
    if (!day || !take(text, 'T', 't')) return std::nullopt;
    const auto hour = take_digits(text, 2);
    if (!hour || *hour > 23 || !take(text, ':')) return std::nullopt;
    const auto minute = take_digits(text, 2);
    if (!minute || *minute > 59 || !take(text, ':')) return std::nullopt;
    const auto second = take_digits(text, 2);
    if (!second || *second > 59) return std::nullopt;
    const auto fraction = take_fraction(text);
    if (!fraction) return std::nullopt;
    const auto offset = take_offset(text);
    if (!offset || !text.empty()) return std::nullopt;

    const std::chrono::year_month_day date{
        std::chrono::year{*year}, std::chrono::month{static_cast<unsigned>(*month)},
        std::chrono::day{static_cast<unsigned>(*day)}};
    if (!date.ok()) return std::nullopt;
    const std::int64_t days = std::chrono::sys_days{date}.time_since_epoch().count();
    const std::int64_t seconds =
        days * seconds_per_day + *hour * 3600 + *minute * 60 + *second - *offset;
    const Timestamp result{seconds * microseconds_per_second + *fraction};
    constexpr Timestamp last{253'402'300'799'999'999};  // 9999-12-31T23:59:59.999999Z
    if (result < Timestamp{0} || result > last) return std::nullopt;
    return result;
}

Timestamp SystemClock::now() const {
    const auto since = std::chrono::system_clock::now().time_since_epoch();
    return {std::chrono::duration_cast<std::chrono::microseconds>(since).count()};
}

Duration BootClock::elapsed() const {
    timespec time{};
    const int failed = clock_gettime(CLOCK_BOOTTIME, &time);
    FG_ASSERT(failed == 0, "this kernel has a clock that counts since it was booted");
    return {
        std::int64_t{time.tv_sec} * microseconds_per_second + std::int64_t{time.tv_nsec} / 1'000};
}

}  // namespace faregate
