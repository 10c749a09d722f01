// The only place that instantiates Beast's parser and stream: it is slow to compile.
#include "http/session.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/http/field.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/status.hpp>
#include <boost/beast/http/string_body.hpp>
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
constexpr std::size_t read_bytes_of_body = 64 * 1024;
// Memory that a connection keeps between requests, so that one large body is not for ever.
constexpr std::size_t kept_bytes_max = 64 * 1024;
constexpr std::size_t linger_bytes_max = 8 * 1024 * 1024;
constexpr milliseconds linger_time{2000};

std::string_view view(beast::string_view text) { return {text.data(), text.size()}; }

Method method_of(beast::http::verb verb) {
    switch (verb) {
        case beast::http::verb::get:
            return Method::get;
        case beast::http::verb::post:
            return Method::post;
        case beast::http::verb::patch:
            return Method::patch;
        default:
            return Method::other;
    }
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

Problem headers_too_large(const ServerOptions& options) {
    return Problem(
        Refusal::headers_too_large,
        "All headers together, those of chunks and trailers too, have at most " +
            std::to_string(options.header_bytes_max) + " bytes."
    );
}

Problem problem_of_parser(const SystemError& error, const ServerOptions& options) {
    using beast::http::error::body_limit;
    if (error == body_limit) {
        return Problem(
            Refusal::body_too_large, "A body has at most " +
                                         std::to_string(options.body_bytes_max) +
                                         " bytes. Split the request."
        );
    }
    if (error == beast::http::error::header_limit) return headers_too_large(options);
    return Problem(Refusal::malformed_request, "This is not HTTP/1.1: " + error.message() + ".");
}

/// Sets a header that may come once.
template <typename View>
void set_once(Request& request, View& place, std::string_view value, bool& seen) {
    if (seen) request.repeated_header = true;
    seen = true;
    place = value;
}

}  // namespace

/// A request on its way in: Beast's parser and what it parsed.
class Session::Message {
  public:
    Message(const ServerOptions& options, std::string body) {
        parser_.header_limit(options.header_bytes_max);
        parser_.body_limit(options.body_bytes_max);
        parser_.eager(true);
        parser_.get().body() = std::move(body);
    }

    beast::http::request_parser<beast::http::string_body>& parser() { return parser_; }
    const auto& head() const { return parser_.get(); }

    bool expects_continue() {
        if (!parser_.is_header_done() || continued_ || head().version() < 11) return false;
        return beast::iequals(head()[beast::http::field::expect], "100-continue");
    }
    void continued() { continued_ = true; }

    Request request() const;
    std::string take_body() { return std::move(parser_.get().body()); }

    bool header_began = false;
    bool body_began = false;

  private:
    beast::http::request_parser<beast::http::string_body> parser_;
    bool continued_ = false;
};

Request Session::Message::request() const {
    Request request;
    request.method = method_of(head().method());
    const std::string_view target = view(head().target());
    const std::size_t mark = target.find('?');
    request.path = target.substr(0, mark);
    if (mark != std::string_view::npos) request.query = target.substr(mark + 1);
    request.body = head().body();
    bool seen[4] = {};
    for (const auto& header : head()) {
        const std::string_view value = view(header.value());
        switch (header.name()) {
            case beast::http::field::authorization:
                set_once(request, request.authorization, value, seen[0]);
                break;
            case beast::http::field::content_type:
                set_once(request, request.content_type, value, seen[1]);
                break;
            case beast::http::field::unknown:
                if (beast::iequals(header.name_string(), "Idempotency-Key")) {
                    set_once(request, request.idempotency_key, value, seen[2]);
                } else if (beast::iequals(header.name_string(), "Faregate-Durability")) {
                    set_once(request, request.durability, value, seen[3]);
                }
                break;
            default:
                break;
        }
    }
    return request;
}

Session::Session(IoThread& thread, Socket socket) : thread_(thread), stream_(std::move(socket)) {
    thread_.add(*this);
}

Session::~Session() {
    thread_.remove(*this);
    thread_.services().release_connection();
}

void Session::close_if_idle() {
    stopping_ = true;
    if (idle_) stream_.close();
}

/// Reads more bytes; false if the connection is over.
Task<bool> Session::fill(Message& message) {
    const ServerOptions& options = thread_.services().options;
    // One deadline for each part, not for each read: nobody may hold a connection by sending a
    // byte now and then.
    const auto& parser = message.parser();
    if (!parser.got_some() && buffer_.size() == 0) {
        idle_ = true;
        stream_.expires_after(milliseconds(options.idle_timeout_ms));
    } else if (!parser.is_header_done() && !std::exchange(message.header_began, true)) {
        stream_.expires_after(milliseconds(options.header_timeout_ms));
    } else if (parser.is_header_done() && !std::exchange(message.body_began, true)) {
        stream_.expires_after(milliseconds(options.body_timeout_ms));
    }
    const std::size_t wanted = parser.is_header_done() ? read_bytes_of_body : read_bytes;
    const auto space = buffer_.prepare(wanted);
    SystemError error;
    const std::size_t bytes =
        co_await stream_.async_read_some(space, asio::redirect_error(use_task, error));
    idle_ = false;
    if (error) co_return false;
    buffer_.commit(bytes);
    co_return true;
}

Task<Session::Arrival> Session::read(Message& message, Reply& refusal) {
    const ServerOptions& options = thread_.services().options;
    auto& parser = message.parser();
    for (;;) {
        if (buffer_.size() > 0) {
            SystemError error;
            const std::size_t used = parser.put(buffer_.data(), error);
            buffer_.consume(used);
            if (error && error != beast::http::error::need_more) {
                refusal = problem_of_parser(error, options);
                refusal.close = true;
                co_return Arrival::refused;
            }
            if (parser.is_done()) co_return Arrival::complete;
            if (!error && used > 0) continue;
            // Beast limits the headers, but neither the extensions of a chunk nor the trailers: it
            // would ask for more for as long as somebody sends, and all of it has to be kept.
            if (buffer_.size() > options.header_bytes_max) {
                refusal = headers_too_large(options);
                refusal.close = true;
                co_return Arrival::refused;
            }
        }
        if (message.expects_continue()) {
            message.continued();
            const bool sent = co_await send("HTTP/1.1 100 Continue\r\n\r\n");
            if (!sent) co_return Arrival::closed;
        }
        const bool filled = co_await fill(message);
        if (!filled) co_return Arrival::closed;
    }
}

Task<bool> Session::send(std::string_view bytes) {
    SystemError error;
    const auto buffer = asio::buffer(bytes.data(), bytes.size());
    co_await asio::async_write(stream_, buffer, asio::redirect_error(use_task, error));
    co_return !error;
}

void Session::write_head(
    const Reply& reply, bool keep_alive, bool http_1_0, std::size_t body_bytes
) {
    const auto status = static_cast<beast::http::status>(reply.status);
    const auto out = std::back_inserter(out_);
    fmt::format_to(
        out, "HTTP/1.1 {} {}\r\nDate: {}\r\nContent-Type: {}\r\nContent-Length: {}\r\n",
        reply.status, view(beast::http::obsolete_reason(status)), thread_.date(),
        content_type_of(reply.content_type), body_bytes
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
            thread_.services(), thread_.waiters(), key_cache_, document_, request, *match.route
        );
        reply = co_await match.route->handler(exchange);
    } catch (const std::exception& failure) {
        spdlog::error("{} failed: {}", match.route->name, failure.what());
        reply = Problem(
            Refusal::internal_error,
            "The server failed; its log has the reason. It is not known whether the request was "
            "executed: send it again with the same Idempotency-Key."
        );
        reply.close = true;
    }
    co_return reply;
}

void Session::report(
    const Request& request, std::size_t route, const Reply& reply, double seconds
) {
    thread_.services().metrics.count(route, reply, seconds);
    const auto level = reply.status >= 500 ? spdlog::level::warn : spdlog::level::debug;
    if (!spdlog::should_log(level)) return;
    const std::string_view code = reply.problem ? problem_type(*reply.problem).code : "";
    spdlog::log(level, "{} {} {} {:.0f} us", request.path, reply.status, code, seconds * 1'000'000);
}

/// Answers a request that arrived whole; false if the connection ends with it.
Task<bool> Session::answer(Message& message) {
    const auto began = SteadyClock::now();
    const Router& router = thread_.services().router;
    Request request = message.request();
    const Match match = router.find(request);
    Reply reply;
    if (match.route == nullptr) {
        reply = *match.problem;
    } else {
        reply = co_await reply_to(request, match);
    }
    const bool keep_alive = message.head().keep_alive() && !reply.close && !stopping_ &&
                            !thread_.services().stopping.load(std::memory_order_relaxed);
    const bool without_body = message.head().method() == beast::http::verb::head;
    out_.clear();
    write_head(reply, keep_alive, message.head().version() < 11, reply.body.size());
    if (!without_body) out_ += reply.body;
    stream_.expires_after(milliseconds(thread_.services().options.body_timeout_ms));
    const bool sent = co_await send(out_);
    const std::chrono::duration<double> took = SteadyClock::now() - began;
    const std::size_t route =
        match.route == nullptr ? router.routes().size() : router.index_of(*match.route);
    report(request, route, reply, took.count());
    co_return sent&& keep_alive;
}

/// Reads away what the client is still sending, so that closing does not destroy the reply on its
/// way to it.
Task<void> Session::linger() {
    SystemError error;
    stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, error);
    stream_.expires_after(linger_time);
    std::size_t total = 0;
    while (!error && total < linger_bytes_max) {
        buffer_.clear();
        const auto space = buffer_.prepare(read_bytes_of_body);
        total += co_await stream_.async_read_some(space, asio::redirect_error(use_task, error));
    }
}

Task<void> Session::run() {
    const ServerOptions& options = thread_.services().options;
    bool open = true;
    while (open && !thread_.services().stopping.load(std::memory_order_relaxed)) {
        Message message(options, std::move(body_));
        Reply refusal;
        const Arrival arrival = co_await read(message, refusal);
        if (arrival == Arrival::closed) co_return;
        if (arrival == Arrival::refused) {
            out_.clear();
            write_head(refusal, false, false, refusal.body.size());
            out_ += refusal.body;
            stream_.expires_after(milliseconds(options.body_timeout_ms));
            const bool sent = co_await send(out_);
            report(Request{}, thread_.services().router.routes().size(), refusal, 0);
            if (sent) co_await linger();
            co_return;
        }
        open = co_await answer(message);
        body_ = message.take_body();
        body_.clear();
        if (body_.capacity() > kept_bytes_max) body_.shrink_to_fit();
        if (out_.capacity() > kept_bytes_max) std::string().swap(out_);
        if (buffer_.size() == 0 && buffer_.capacity() > kept_bytes_max) buffer_.shrink_to_fit();
    }
    SystemError ignored;
    stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_both, ignored);
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
