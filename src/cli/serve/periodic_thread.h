#pragma once

#include <chrono>
#include <functional>
#include <thread>

#include "faregate/core/mutex.h"

namespace faregate::cli {

/// Calls a function every now and then on a thread of its own, until it is destroyed.
class PeriodicThread {
  public:
    PeriodicThread(std::chrono::milliseconds interval, std::function<void()> task);
    ~PeriodicThread();
    PeriodicThread(const PeriodicThread&) = delete;
    PeriodicThread& operator=(const PeriodicThread&) = delete;

    /// Waits for a call that is going on. Doing it again does nothing.
    void stop();

  private:
    void run();

    const std::chrono::milliseconds interval_;
    const std::function<void()> task_;
    Mutex mutex_;
    ConditionVariable stop_requested_;
    bool stopping_ FG_GUARDED_BY(mutex_) = false;
    std::thread thread_;
};

}  // namespace faregate::cli
