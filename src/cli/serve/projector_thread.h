#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <thread>

#include "faregate/node/projection.h"

namespace faregate::cli {

/// Keeps PostgreSQL up to date with the journal, on a thread of its own: moves what is durable,
/// publishes what is applied, waits out PostgreSQL's absence, and looks every second, and at once
/// when the lease is in doubt, whether this server is still the owner.
class ProjectorThread {
  public:
    /// Called on the thread with an error that is final: `fenced`, or something that contradicts
    /// itself. Must end the process.
    using OnFinalError = std::function<void(const Error&)>;

    /// The store is used by this thread alone from start() on. Everything must outlive this object.
    /// It does not rest once it is `rest_lag_max` records behind.
    ProjectorThread(
        engine::ProjectionStore& store, engine::OpenReader open_reader, engine::Watermark& durable,
        engine::Watermark& applied, node::Lease& lease, std::uint64_t rest_lag_max,
        OnFinalError on_final_error
    );
    ~ProjectorThread();
    ProjectorThread(const ProjectorThread&) = delete;
    ProjectorThread& operator=(const ProjectorThread&) = delete;

    void start();
    /// Ends the thread as soon as everything durable is applied, or the time is over; true if
    /// everything is. `give_up` is asked meanwhile, and true ends it early.
    bool drain(std::chrono::milliseconds time, const std::function<bool()>& give_up);

    /// What PostgreSQL has; less than what is applied once it has fallen back. Any thread.
    Lsn moved() const noexcept { return projection_.moved(); }
    /// Whether the last thing asked of PostgreSQL was answered. Any thread.
    bool database_reachable() const noexcept { return database_reachable_; }

  private:
    void run();
    void move_or_watch();
    void rest_after(std::chrono::steady_clock::duration batch_took);
    bool resting() const;
    void rest();
    void handle(const Error& error);
    void answered();
    void pause(std::chrono::milliseconds time);

    engine::Watermark& durable_;
    engine::Watermark& applied_;
    const node::Lease& lease_;
    const std::uint64_t rest_lag_max_;
    const OnFinalError on_final_error_;

    // Of the thread.
    node::Projection projection_;
    std::chrono::milliseconds backoff_{0};
    std::chrono::steady_clock::time_point asked_at_;
    std::chrono::steady_clock::time_point rest_until_;
    std::chrono::steady_clock::time_point complained_at_;

    std::atomic<bool> database_reachable_{true};
    std::atomic<bool> draining_{false};
    std::atomic<bool> stopping_{false};
    std::thread thread_;
};

}  // namespace faregate::cli
