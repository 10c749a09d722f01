#pragma once

#include <chrono>

namespace faregate::cli {

/// SIGINT and SIGTERM as something to wait for. Blocks both for this thread and all that it starts
/// later, so make it first, on the main thread. SIGPIPE is ignored from then on.
class Signals {
  public:
    Signals();

    /// Sleeps until a signal comes or the time is over; true if one came. Main thread only.
    bool wait_for(std::chrono::milliseconds time);
    /// Sleeps until a signal comes.
    void wait();
    /// A signal has come since construction.
    bool stop_requested() const noexcept { return stop_requested_; }

  private:
    bool stop_requested_ = false;
};

}  // namespace faregate::cli
