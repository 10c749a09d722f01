#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace faregate::cli {

/// Shows on standard error how far a replay is: a bar that is redrawn on a terminal, else a line
/// now and then.
class Progress {
  public:
    /// How often update() wants to be called.
    std::chrono::milliseconds interval() const noexcept;

    Progress(std::uint64_t total, bool terminal);
    void update(std::uint64_t done);
    /// The last state, and the end of the line.
    void finish(std::uint64_t done);

  private:
    void draw(std::uint64_t done);

    const std::uint64_t total_;
    const bool terminal_;
    const std::chrono::steady_clock::time_point started_;
};

/// `[=========>          ]  45%  8700/19365  2150/s  5 s left`
std::string progress_text(std::uint64_t done, std::uint64_t total, double elapsed_seconds);

}  // namespace faregate::cli
