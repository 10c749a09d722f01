#include "cli/replay/http_connection.h"

#include <fmt/format.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/url/parse.hpp>
#include <charconv>
#include <chrono>
#include <optional>

namespace faregate::cli {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;

namespace {

constexpr auto answer_timeout = std::chrono::seconds(30);
constexpr std::uint64_t answer_bytes_max = 16 * 1024 * 1024;

unsigned to_number(beast::string_view text) {
    unsigned value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

}  // namespace

Result<ServerAddress> ServerAddress::parse(const std::string& url) {
    const auto parsed = boost::urls::parse_uri(url);
    if (!parsed || parsed->scheme() != "http" || parsed->host().empty() ||
        (!parsed->path().empty() && parsed->path() != "/") || parsed->has_query()) {
        return failure(
            ErrorCode::invalid_argument,
            fmt::format("\"{}\" must be the server's address, such as http://127.0.0.1:8080", url)
        );
    }
    return ServerAddress{
        parsed->host_address(), parsed->has_port() ? std::string(parsed->port()) : "80"};
}

class HttpConnection::Impl {
  public:
    Impl(asio::any_io_executor executor, const ServerAddress& address, std::string api_key)
        : executor_(std::move(executor)),
          address_(address),
          authorization_("Bearer " + std::move(api_key)) {}

    asio::awaitable<Result<HttpReply>> send(const HttpRequest& request) {
        error_code error;
        if (!stream_) co_await connect(error);
        http::response<http::string_body> response;
        if (!error) co_await exchange(request, response, error);
        if (error || !response.keep_alive()) stream_.reset();
        if (error) co_return no_answer(error);
        HttpReply reply;
        reply.status = response.result_int();
        reply.replayed = response["Idempotency-Replayed"] == "true";
        reply.retry_after_seconds = to_number(response[http::field::retry_after]);
        reply.body = std::move(response.body());
        co_return reply;
    }

  private:
    asio::awaitable<void> connect(error_code& error) {
        auto token = asio::redirect_error(asio::use_awaitable, error);
        asio::ip::tcp::resolver resolver(executor_);
        const auto endpoints = co_await resolver.async_resolve(address_.host, address_.port, token);
        if (error) co_return;
        stream_.emplace(executor_);
        buffer_.clear();
        stream_->expires_after(answer_timeout);
        co_await stream_->async_connect(endpoints, token);
        if (error) co_return;
        stream_->socket().set_option(asio::ip::tcp::no_delay(true), error);
    }

    asio::awaitable<void> exchange(
        const HttpRequest& request, http::response<http::string_body>& response, error_code& error
    ) {
        auto token = asio::redirect_error(asio::use_awaitable, error);
        const auto verb =
            request.method == HttpRequest::Method::get ? http::verb::get : http::verb::post;
        http::request<http::string_body> message(verb, request.target, 11);
        message.set(http::field::host, address_.host);
        message.set(http::field::user_agent, "faregate-replay");
        message.set(http::field::authorization, authorization_);
        if (!request.idempotency_key.empty()) {
            message.set("Idempotency-Key", request.idempotency_key);
        }
        if (verb == http::verb::post) {
            message.set(http::field::content_type, "application/json");
            message.body() = request.body;
        }
        message.prepare_payload();
        stream_->expires_after(answer_timeout);
        co_await http::async_write(*stream_, message, token);
        if (error) co_return;
        http::response_parser<http::string_body> parser;
        parser.body_limit(answer_bytes_max);
        co_await http::async_read(*stream_, buffer_, parser, token);
        response = parser.release();
    }

    tl::unexpected<Error> no_answer(const error_code& error) const {
        return failure(
            ErrorCode::unavailable,
            fmt::format(
                "no answer from http://{}:{}: {}", address_.host, address_.port, error.message()
            )
        );
    }

    const asio::any_io_executor executor_;
    const ServerAddress& address_;
    const std::string authorization_;
    std::optional<beast::tcp_stream> stream_;
    beast::flat_buffer buffer_;
};

HttpConnection::HttpConnection(
    asio::any_io_executor executor, const ServerAddress& address, std::string api_key
)
    : impl_(std::make_unique<Impl>(std::move(executor), address, std::move(api_key))) {}

HttpConnection::~HttpConnection() = default;

asio::awaitable<Result<HttpReply>> HttpConnection::send(const HttpRequest& request) {
    return impl_->send(request);
}

}  // namespace faregate::cli
