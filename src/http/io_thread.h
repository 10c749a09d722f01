#pragma once

#include <atomic>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <set>
#include <thread>

#include "http/exchange.h"
#include "http/net.h"

namespace faregate::http {

using Socket = asio::basic_stream_socket<asio::ip::tcp, Executor>;

class Session;

/// One thread, its io_context and the connections that live on it. Everything but the functions
/// that say so belongs to the thread itself.
class IoThread {
  public:
    /// By how much a connection may outlive the deadline of its phase. One look at all of them now
    /// and then is cheaper than a timer for each read and write.
    static constexpr std::chrono::milliseconds deadline_resolution{100};

    explicit IoThread(Services& services);
    ~IoThread();

    /// Any thread.
    void start();
    /// Any thread: serves the connection here. The socket was made with this thread's executor.
    void adopt(Socket socket);
    /// Any thread: closes the connections that wait for a request; the others close after theirs.
    void close_idle();
    /// Any thread: drops what is left and joins.
    void stop();

    Executor executor() { return context_.get_executor(); }
    asio::io_context& context() { return context_; }
    Services& services() { return services_; }
    Waiters& waiters() { return waiters_; }

    void add(Session& session) { sessions_.insert(&session); }
    void remove(Session& session) { sessions_.erase(&session); }

    /// An HTTP date, made anew every second.
    std::string_view date();

  private:
    using Timer = asio::basic_waitable_timer<
        std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, Executor>;

    /// Closes the connections whose time is up, now and again every deadline_resolution.
    void enforce_deadlines();

    Services& services_;
    std::set<Session*> sessions_;
    // Its destructor destroys the coroutines that still wait, so the set outlives it.
    asio::io_context context_{1};
    asio::executor_work_guard<Executor> work_;
    Waiters waiters_;
    Timer deadline_timer_;
    std::thread thread_;
    std::time_t date_at_ = 0;
    std::string date_;
};

}  // namespace faregate::http
