#pragma once

#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <string>

#include "http/exchange.h"
#include "http/io_thread.h"

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

  private:
    using Stream = boost::beast::basic_stream<asio::ip::tcp, Executor>;
    class Message;
    enum class Arrival : std::uint8_t { complete, refused, closed };

    Task<Arrival> read(Message& message, Reply& refusal);
    Task<bool> fill(Message& message);
    Task<bool> send(std::string_view bytes);
    Task<bool> answer(Message& message);
    Task<Reply> reply_to(const Request& request, const Match& match);
    Task<void> linger();
    void write_head(const Reply& reply, bool keep_alive, bool http_1_0, std::size_t body_bytes);
    void report(const Request& request, std::size_t route, const Reply& reply, double seconds);

    IoThread& thread_;
    Stream stream_;
    boost::beast::flat_buffer buffer_;
    std::string body_;  // its memory goes from request to request
    std::string out_;
    JsonDocument document_;
    KeyCache key_cache_;
    bool idle_ = false;
    bool stopping_ = false;
};

}  // namespace faregate::http
