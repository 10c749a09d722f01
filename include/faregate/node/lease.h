#pragma once

#include <atomic>
#include <cstdint>

#include "faregate/core/mutex.h"
#include "faregate/core/time.h"

namespace faregate::node {

/// Whether this server may still answer as the owner of its database.
///
/// A server that runs notices within `watch_interval` that another one has taken over. One that
/// was stopped (SIGSTOP, a debugger, a machine that slept) may wake up long after that, with
/// requests in its sockets and answers half written. So it may answer only while it knows that it
/// was not stopped for longer than `pause_max`: something beats all the time, and a gap between two
/// beats puts the ownership in doubt, until the database has confirmed it again. In return, a new
/// owner that cannot know that its predecessor has ended waits for `handover` before it serves.
///
/// The absence of the database is no reason for doubt: authorizations go on without it.
///
/// Thread-safe; beat() belongs to one thread.
class Lease {
  public:
    static constexpr Duration beat_interval = Duration::milliseconds(100);
    static constexpr Duration pause_max = Duration::seconds(2);
    /// How often the owner asks the database, at least, while it answers.
    static constexpr Duration watch_interval = Duration::seconds(1);
    /// Longer than a predecessor that was stopped at the wrong moment goes on believing.
    static constexpr Duration handover = Duration::seconds(6);

    /// `clock` must outlive the lease. Begins in doubt: the claim may be long ago, since a large
    /// state takes its time to load.
    explicit Lease(const MonotonicClock& clock);

    /// This process runs. To be called every beat_interval, by something that nothing holds up.
    void beat();

    /// Whether an answer may be given. Quick: called for every answer.
    bool held() const noexcept;
    /// Whether the database is to be asked at once.
    bool in_doubt() const;

    /// To be called before the database is asked. What it returns goes to confirmed() when the
    /// database has said that this server is the owner.
    Duration begin_question() const { return clock_.elapsed(); }
    void confirmed(Duration question_began);

  private:
    void extend() FG_REQUIRES(mutex_);

    const MonotonicClock& clock_;
    mutable Mutex mutex_;
    Duration beat_at_ FG_GUARDED_BY(mutex_);
    bool in_doubt_ FG_GUARDED_BY(mutex_) = true;
    Duration in_doubt_since_ FG_GUARDED_BY(mutex_);
    std::atomic<std::int64_t> held_until_;  ///< microseconds of the clock
};

}  // namespace faregate::node
