#include "cli/replay/progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

namespace faregate::cli {
namespace {

constexpr std::uint64_t bar_width = 30;

}  // namespace

Progress::Progress(std::uint64_t total, bool terminal)
    : total_(total), terminal_(terminal), started_(std::chrono::steady_clock::now()) {}

std::chrono::milliseconds Progress::interval() const noexcept {
    return std::chrono::milliseconds(terminal_ ? 100 : 5'000);
}

void Progress::update(std::uint64_t done) { draw(done); }

void Progress::finish(std::uint64_t done) {
    draw(done);
    if (terminal_) std::fputc('\n', stderr);
}

void Progress::draw(std::uint64_t done) {
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - started_;
    const auto text = progress_text(done, total_, elapsed.count());
    // "Erase to the end of the line", so that a shorter text leaves nothing of a longer one.
    std::fputs(terminal_ ? fmt::format("\r{}\x1b[K", text).c_str() : (text + "\n").c_str(), stderr);
    std::fflush(stderr);
}

std::string progress_text(std::uint64_t done, std::uint64_t total, double elapsed_seconds) {
    const auto whole = std::max<std::uint64_t>(total, 1);
    const auto filled = std::min(done, whole) * bar_width / whole;
    std::string bar(filled, '=');
    if (filled < bar_width) bar += '>';
    bar.resize(bar_width, ' ');
    const auto rate = elapsed_seconds > 0 ? static_cast<double>(done) / elapsed_seconds : 0.0;
    auto text = fmt::format(
        "[{}] {:>3}%  {}/{}  {:.0f} rows/s", bar, std::min(done, whole) * 100 / whole, done, total,
        rate
    );
    if (done < total && rate > 0) {
        text += fmt::format("  {:.0f} s left", static_cast<double>(total - done) / rate);
    }
    return text;
}

}  // namespace faregate::cli
