#include "cli/serve/periodic_thread.h"

namespace faregate::cli {

PeriodicThread::PeriodicThread(std::chrono::milliseconds interval, std::function<void()> task)
    : interval_(interval), task_(std::move(task)), thread_([this] { run(); }) {}

PeriodicThread::~PeriodicThread() { stop(); }

void PeriodicThread::stop() {
    {
        MutexLock lock(mutex_);
        stopping_ = true;
    }
    stop_requested_.notify_all();
    if (thread_.joinable()) thread_.join();
}

void PeriodicThread::run() {
    while (true) {
        {
            const auto due = std::chrono::steady_clock::now() + interval_;
            MutexLock lock(mutex_);
            while (!stopping_ && std::chrono::steady_clock::now() < due) {
                stop_requested_.wait_for(mutex_, due - std::chrono::steady_clock::now());
            }
            if (stopping_) return;
        }
        task_();
    }
}

}  // namespace faregate::cli
