#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "faregate/core/lsn.h"
#include "faregate/core/mutex.h"
#include "faregate/engine/watermark.h"
#include "http/net.h"

namespace faregate::http {

/// The coroutines of one I/O thread that wait for a watermark to rise.
///
/// Belongs to that thread; only the watermark's listener runs elsewhere. However many wait, a rise
/// costs one post to the thread, and none if nobody there waits for it.
class LsnWaiters {
  public:
    /// `watermark` must outlive this, and this must outlive every run of `context`.
    LsnWaiters(asio::io_context& context, engine::Watermark& watermark);
    ~LsnWaiters();
    LsnWaiters(const LsnWaiters&) = delete;
    LsnWaiters& operator=(const LsnWaiters&) = delete;

    bool reached(Lsn lsn) const { return watermark_.value() >= lsn; }
    /// Resumes when the watermark is at least `lsn`.
    Task<void> wait(Lsn lsn);
    /// The same for a limited time; false if that was too short.
    Task<bool> wait_for(Lsn lsn, std::chrono::milliseconds time);

  private:
    struct Waiter {
        std::uint64_t ticket = 0;
        Resume<bool> resume;
    };

    /// What the listener shares with the thread; outlives both.
    ///
    /// A waiter stores `lowest` and then reads `published`; the listener stores `published` and
    /// then reads `lowest`. Both in sequentially consistent order, so one of them sees the other.
    struct Signal {
        std::atomic<std::uint64_t> published{0};
        std::atomic<std::uint64_t> lowest{nobody};  ///< LSN that somebody waits for
        std::atomic<bool> posted{false};
        Mutex mutex;
        LsnWaiters* waiters FG_GUARDED_BY(mutex) = nullptr;

        void rise(Lsn lsn);
        void post();
    };

    static constexpr std::uint64_t nobody = ~std::uint64_t{0};

    std::uint64_t add(Lsn lsn, Resume<bool> resume);
    void give_up(Lsn lsn, std::uint64_t ticket);
    void resume_reached();
    std::uint64_t lowest() const;

    asio::io_context& context_;
    engine::Watermark& watermark_;
    std::shared_ptr<Signal> signal_;
    std::multimap<std::uint64_t, Waiter> waiters_;  // by LSN
    std::uint64_t last_ticket_ = 0;
};

}  // namespace faregate::http
