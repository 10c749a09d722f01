#include "http/log_limiter.h"

#include <algorithm>
#include <utility>

#include "faregate/core/assert.h"

namespace faregate::http {

std::optional<std::uint64_t> LogLimiter::pass(std::size_t kind, Time now) {
    MutexLock lock(mutex_);
    FG_ASSERT(kind < kinds_.size(), "a line of an unknown kind");
    Kind& lines = kinds_[kind];
    if (!lines.second_began || now - *lines.second_began >= std::chrono::seconds(1)) {
        lines.second_began = now;
        lines.passed = 0;
    }
    if (lines.passed >= lines_per_second) {
        ++lines.left_out;
        return std::nullopt;
    }
    ++lines.passed;
    return std::exchange(lines.left_out, 0);
}

std::string left_out_note(std::uint64_t left_out) {
    return left_out == 0 ? "" : " (and " + std::to_string(left_out) + " more like it)";
}

std::string loggable(std::string_view text) {
    constexpr std::size_t characters_max = 200;
    constexpr std::string_view key_mark = "fg_";
    std::string result;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (result.size() >= characters_max) return result + "...";
        if (text.substr(i).starts_with(key_mark)) {
            result += "fg_...";
            i = std::min(text.find('/', i), text.size()) - 1;
            continue;
        }
        const char c = text[i];
        result += c >= 0x20 && c < 0x7f ? c : '?';
    }
    return result;
}

}  // namespace faregate::http
