#include "postgres/patience.h"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <thread>

#include "faregate/core/mutex.h"
#include "faregate/postgres/store.h"

namespace faregate::postgres {
namespace {

using Clock = std::chrono::steady_clock;

/// Watches the calls of all threads from one of its own, which begins with the first call.
class Watcher {
  public:
    static Watcher& instance() {
        static Watcher watcher;
        return watcher;
    }

    ~Watcher() {
        {
            MutexLock lock(mutex_);
            stopping_ = true;
        }
        changed_.notify_all();
        thread_.join();
    }

    void add(int socket, std::chrono::microseconds limit) {
        const auto now = Clock::now();
        MutexLock lock(mutex_);
        const auto ends_at = std::min(now + limit, last_end_);
        calls_[socket] = Call{ends_at, false};
        if (ends_at < wakes_at_) changed_.notify_all();
    }

    void end_all_by(Clock::time_point time) {
        MutexLock lock(mutex_);
        last_end_ = time;
        for (auto& [socket, call] : calls_) call.ends_at = std::min(call.ends_at, time);
        changed_.notify_all();
    }

    /// Once this returns, the socket is not touched any more.
    void remove(int socket) {
        MutexLock lock(mutex_);
        calls_.erase(socket);
    }

  private:
    struct Call {
        Clock::time_point ends_at;
        bool given_up = false;
    };

    Watcher() : thread_([this] { run(); }) {}

    void run() {
        MutexLock lock(mutex_);
        while (!stopping_) {
            wakes_at_ = give_up_what_is_late();
            if (wakes_at_ == Clock::time_point::max()) {
                changed_.wait(mutex_);
            } else {
                changed_.wait_for(mutex_, wakes_at_ - Clock::now());
            }
        }
    }

    /// Returns when to look again.
    Clock::time_point give_up_what_is_late() FG_REQUIRES(mutex_) {
        const auto now = Clock::now();
        auto next = Clock::time_point::max();
        for (auto& [socket, call] : calls_) {
            if (call.given_up) continue;
            if (now < call.ends_at) {
                next = std::min(next, call.ends_at);
                continue;
            }
            call.given_up = true;
            ::shutdown(socket, SHUT_RDWR);
            spdlog::warn("PostgreSQL does not answer; its connection is given up");
        }
        return next;
    }

    Mutex mutex_;
    ConditionVariable changed_;
    std::map<int, Call> calls_ FG_GUARDED_BY(mutex_);
    Clock::time_point last_end_ FG_GUARDED_BY(mutex_) = Clock::time_point::max();
    Clock::time_point wakes_at_ FG_GUARDED_BY(mutex_) = Clock::time_point::max();
    bool stopping_ FG_GUARDED_BY(mutex_) = false;
    std::thread thread_;
};

}  // namespace

void wait_at_most(Duration time) {
    Watcher::instance().end_all_by(Clock::now() + std::chrono::microseconds(time.microseconds));
}

// A duplicate of the descriptor, since libpq closes its own when a connection is lost, and the
// number may be another file's by the time that patience ends.
Patience::Patience(int socket, Duration limit) : socket_(::fcntl(socket, F_DUPFD_CLOEXEC, 0)) {
    if (socket_ < 0) return;
    Watcher::instance().add(socket_, std::chrono::microseconds(limit.microseconds));
}

Patience::~Patience() {
    if (socket_ < 0) return;
    Watcher::instance().remove(socket_);
    ::close(socket_);
}

}  // namespace faregate::postgres
