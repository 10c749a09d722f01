#pragma once

#include <boost/beast/core/flat_buffer.hpp>
#include <chrono>
#include <string>

#include "http/exchange.h"
#include "http/io_thread.h"
#include "http/message.h"

namespace faregate::http {

/// Starts to serve a connection on its thread, until either side closes it. It has taken a place
/// (Services::take_connection), and gives it back at the end.
void serve(IoThread& thread, Socket socket);

/// One connection: reads requests one after the other, answers each before the next, and keeps the
/// memory of one for the next. Belongs to its I/O thread.
class Session {
  public:
    Session(IoThread& thread, Socket socket);
    ~Session();
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    Task<void> run();
    /// Closes the connection if it waits for a request.
    void close_if_idle();
    /// Closes the connection; what it waits for fails.
    void close();
    /// When the present phase must have ended.
    std::chrono::steady_clock::time_point deadline() const noexcept { return deadline_; }

  private:
    enum class Arrival : std::uint8_t { complete, refused, closed };
    /// What a connection does. Each phase has one deadline, which is set when it begins and which
    /// nothing that arrives puts off: nobody holds a connection with a byte now and then.
    enum class Phase : std::uint8_t { none, idle, headers, body, answer, linger };

    void enter(Phase phase);
    Task<Arrival> read();
    Task<bool> fill();
    Task<bool> send(std::string_view head, std::string_view body);
    Task<bool> answer();
    Task<void> refuse();
    Task<Reply> reply_to(const Request& request, const Match& match);
    Task<void> linger();
    void make_room(const Request& request, Reply& reply);
    void forget_request();
    void write_head(const Reply& reply, bool keep_alive, bool http_1_0, std::size_t body_bytes);
    void report(std::string_view path, std::size_t route, const Reply& reply, double seconds);

    IoThread& thread_;
    Socket socket_;
    Phase phase_ = Phase::none;
    std::chrono::steady_clock::time_point deadline_ = std::chrono::steady_clock::time_point::max();
    MemoryShare memory_;
    Message message_;
    boost::beast::flat_buffer buffer_;
    std::string out_;  // its memory goes from request to request
    JsonDocument document_;
    KeyCache key_cache_;
    bool stopping_ = false;
};

}  // namespace faregate::http
