#include "http/session.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/status.hpp>
#include <chrono>
#include <iterator>
#include <utility>

namespace faregate::http {

namespace beast = boost::beast;

namespace {

using SystemError = boost::system::error_code;
using SteadyClock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::size_t read_bytes = 8 * 1024;
constexpr std::size_t read_bytes_of_body = 16 * 1024;
// Memory of each kind that a connection keeps between requests; what is larger is not for ever.
constexpr std::size_t kept_bytes_max = 16 * 1024;
// By how much GET /metrics may exceed the memory of large requests and answers: it is wanted most
// when others have taken all of that.
constexpr std::uint64_t metrics_bytes_beyond = std::uint64_t{16} << 20;
constexpr std::size_t linger_bytes_max = 8 * 1024 * 1024;
constexpr std::uint32_t linger_ms = 2000;

std::string_view reason(int status) {
    const auto text = beast::http::obsolete_reason(static_cast<beast::http::status>(status));
    return {text.data(), text.size()};
}

std::string_view content_type_of(ContentType type) {
    switch (type) {
        case ContentType::json:
            return "application/json";
        case ContentType::problem:
            return "application/problem+json";
        case ContentType::yaml:
            return "application/yaml";
        case ContentType::metrics:
            return "text/plain; version=0.0.4; charset=utf-8";
    }
    return "";
}

}  // namespace

Session::Session(IoThread& thread, Socket socket)
    : thread_(thread),
      socket_(std::move(socket)),
      memory_(thread.services().memory),
      message_(thread.services().options, memory_) {
    thread_.add(*this);
}

Session::~Session() {
    thread_.remove(*this);
    thread_.services().release_connection();
}

void Session::close_if_idle() {
    stopping_ = true;
    if (phase_ == Phase::idle) close();
}

void Session::close() {
    SystemError ignored;
    socket_.close(ignored);
}

void Session::enter(Phase phase) {
    if (phase == phase_) return;
    phase_ = phase;
    const ServerOptions& options = thread_.services().options;
    std::uint32_t limit_ms = 0;
    switch (phase) {
        case Phase::none:
            deadline_ = SteadyClock::time_point::max();
            return;
        case Phase::idle:
            limit_ms = options.idle_timeout_ms;
            break;
        case Phase::headers:
            limit_ms = options.header_timeout_ms;
            break;
        case Phase::body:
            limit_ms = options.body_timeout_ms;
            break;
        case Phase::answer:
            limit_ms = options.write_timeout_ms;
            break;
        case Phase::linger:
            limit_ms = linger_ms;
            break;
    }
    deadline_ = SteadyClock::now() + milliseconds(limit_ms);
}

/// Reads more bytes; false if the connection is over.
Task<bool> Session::fill() {
    const std::size_t wanted =
        message_.state() == Message::State::body ? read_bytes_of_body : read_bytes;
    const auto space = buffer_.prepare(wanted);
    SystemError error;
    const std::size_t bytes =
        co_await socket_.async_read_some(space, asio::redirect_error(use_task, error));
    if (phase_ == Phase::idle) enter(Phase::none);
    if (error) co_return false;
    buffer_.commit(bytes);
    co_return true;
}

Task<Session::Arrival> Session::read() {
    message_.begin();
    enter(buffer_.size() == 0 ? Phase::idle : Phase::headers);
    for (;;) {
        switch (message_.parse(buffer_)) {
            case Message::State::nothing:
                break;
            case Message::State::head:
                enter(Phase::headers);
                break;
            case Message::State::body:
                enter(Phase::body);
                break;
            case Message::State::complete:
                // From here on the client waits for the server, however long that takes.
                enter(Phase::none);
                co_return Arrival::complete;
            case Message::State::refused:
                co_return Arrival::refused;
        }
        if (message_.take_expectation()) {
            const bool sent = co_await send("HTTP/1.1 100 Continue\r\n\r\n", "");
            if (!sent) co_return Arrival::closed;
        }
        const bool filled = co_await fill();
        if (!filled) co_return Arrival::closed;
    }
}

Task<bool> Session::send(std::string_view head, std::string_view body) {
    SystemError error;
    const std::array<asio::const_buffer, 2> buffers{
        asio::buffer(head.data(), head.size()), asio::buffer(body.data(), body.size())};
    co_await asio::async_write(socket_, buffers, asio::redirect_error(use_task, error));
    co_return !error;
}

void Session::write_head(
    const Reply& reply, bool keep_alive, bool http_1_0, std::size_t body_bytes
) {
    const auto out = std::back_inserter(out_);
    fmt::format_to(
        out, "HTTP/1.1 {} {}\r\nDate: {}\r\nContent-Type: {}\r\nContent-Length: {}\r\n",
        reply.status, reason(reply.status), thread_.date(), content_type_of(reply.content_type),
        body_bytes
    );
    if (reply.content_type != ContentType::yaml) out_ += "Cache-Control: no-store\r\n";
    if (reply.replayed) out_ += "Idempotency-Replayed: true\r\n";
    if (reply.status == 401) out_ += "WWW-Authenticate: Bearer\r\n";
    if (!reply.allow.empty()) fmt::format_to(out, "Allow: {}\r\n", reply.allow);
    if (reply.retry_after_seconds > 0) {
        fmt::format_to(out, "Retry-After: {}\r\n", reply.retry_after_seconds);
    }
    if (!keep_alive) {
        out_ += "Connection: close\r\n";
    } else if (http_1_0) {
        out_ += "Connection: keep-alive\r\n";
    }
    out_ += "\r\n";
}

Task<Reply> Session::reply_to(const Request& request, const Match& match) {
    Reply reply;
    // The one catch: whatever fails below ends this request and not the server.
    try {
        Exchange exchange(
            thread_.services(), thread_.waiters(), key_cache_, document_, memory_, request,
            *match.route
        );
        reply = co_await match.route->handler(exchange);
    } catch (const std::exception& failure) {
        thread_.services().log_error(
            LogKind::exception, fmt::format("{} failed: {}", match.route->name, failure.what())
        );
        reply = Problem(
            Refusal::internal_error,
            "The server failed; its log has the reason. It is not known whether the request was "
            "executed: send it again with the same Idempotency-Key."
        );
        reply.close = true;
    }
    co_return reply;
}

void Session::report(std::string_view path, std::size_t route, const Reply& reply, double seconds) {
    Services& services = thread_.services();
    services.metrics.count(route, reply, seconds);
    const bool failed = reply.status >= 500;
    const auto level = failed ? spdlog::level::warn : spdlog::level::debug;
    if (!spdlog::should_log(level)) return;
    std::string note;
    if (failed) {
        const std::size_t kind = reply.problem.value_or(log_kind(LogKind::not_ready));
        const auto left_out = services.log_limiter.pass(kind, SteadyClock::now());
        if (!left_out) return;
        note = left_out_note(*left_out);
    }
    const std::string_view code = reply.problem ? problem_type(*reply.problem).code : "";
    spdlog::log(
        level, "{} {} {} {:.0f} us{}", loggable(path), reply.status, code, seconds * 1'000'000, note
    );
}

/// The answer takes the place of the request in the connection's share of memory.
void Session::make_room(const Request& request, Reply& reply) {
    message_.drop_body(kept_bytes_max);
    document_.shrink(kept_bytes_max);
    if (memory_.set(reply.body.capacity())) return;
    // What was executed has to be answered. What was only looked up can be asked for again.
    const Services& services = thread_.services();
    const bool wanted =
        reply.content_type == ContentType::metrics &&
        services.memory.used() < services.options.request_memory_bytes + metrics_bytes_beyond;
    if (wanted || request.method != Method::get) return memory_.set_anyway(reply.body.capacity());
    reply = unavailable(Refusal::unavailable, "The server has no memory left for large answers.");
    memory_.set_anyway(reply.body.capacity());
}

void Session::forget_request() {
    message_.drop_body(kept_bytes_max);
    document_.shrink(kept_bytes_max);
    if (buffer_.size() == 0 && buffer_.capacity() > kept_bytes_max) buffer_.shrink_to_fit();
    memory_.set(0);
}

/// Answers a request that arrived whole; false if the connection ends with it.
Task<bool> Session::answer() {
    const auto began = SteadyClock::now();
    const Router& router = thread_.services().router;
    Request request = message_.request();
    const Match match = router.find(request);
    Reply reply;
    if (match.route == nullptr) {
        reply = *match.problem;
    } else {
        reply = co_await reply_to(request, match);
    }
    make_room(request, reply);
    const bool keep_alive = message_.keep_alive() && !reply.close && !stopping_ &&
                            !thread_.services().stopping.load(std::memory_order_relaxed);
    out_.clear();
    write_head(reply, keep_alive, message_.is_http_1_0(), reply.body.size());
    std::string_view body = reply.body;
    if (message_.is_head()) body = {};
    enter(Phase::answer);
    const bool sent = co_await send(out_, body);
    const std::chrono::duration<double> took = SteadyClock::now() - began;
    const std::size_t route =
        match.route == nullptr ? router.routes().size() : router.index_of(*match.route);
    report(request.path, route, reply, took.count());
    co_return sent&& keep_alive;
}

/// Answers what is not a request, or too large for one.
Task<void> Session::refuse() {
    Reply reply = message_.problem();
    forget_request();
    out_.clear();
    write_head(reply, false, false, reply.body.size());
    enter(Phase::answer);
    const bool sent = co_await send(out_, reply.body);
    report(message_.request().path, thread_.services().router.routes().size(), reply, 0);
    if (sent) co_await linger();
}

/// Reads away what the client is still sending, so that closing does not destroy the reply on its
/// way to it.
Task<void> Session::linger() {
    SystemError error;
    socket_.shutdown(asio::ip::tcp::socket::shutdown_send, error);
    enter(Phase::linger);
    std::size_t total = 0;
    while (!error && total < linger_bytes_max) {
        buffer_.clear();
        const auto space = buffer_.prepare(read_bytes_of_body);
        total += co_await socket_.async_read_some(space, asio::redirect_error(use_task, error));
    }
}

Task<void> Session::run() {
    bool open = true;
    while (open && !thread_.services().stopping.load(std::memory_order_relaxed)) {
        const Arrival arrival = co_await read();
        if (arrival == Arrival::closed) co_return;
        if (arrival == Arrival::refused) {
            co_await refuse();
            co_return;
        }
        open = co_await answer();
        forget_request();
    }
    // Closing a socket that has something to read resets the connection, and takes away the answer
    // from a client that has not read it yet.
    SystemError ignored;
    if (buffer_.size() > 0 || socket_.available(ignored) > 0) co_await linger();
    socket_.shutdown(asio::ip::tcp::socket::shutdown_both, ignored);
}

namespace {

Task<void> run_session(IoThread& thread, Socket socket) {
    Session session(thread, std::move(socket));
    co_await session.run();
}

}  // namespace

void serve(IoThread& thread, Socket socket) {
    asio::co_spawn(thread.context(), run_session(thread, std::move(socket)), asio::detached);
}

}  // namespace faregate::http
