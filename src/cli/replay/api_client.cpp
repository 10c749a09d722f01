#include "cli/replay/api_client.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>

namespace faregate::cli {

namespace asio = boost::asio;
using std::chrono::steady_clock;

namespace {

constexpr auto patience = std::chrono::seconds(60);
constexpr auto pause_first = std::chrono::milliseconds(20);
constexpr auto pause_max = std::chrono::milliseconds(2'000);

constexpr unsigned too_many_requests = 429;
constexpr unsigned service_unavailable = 503;
/// PostgreSQL has not confirmed in time, though the request was executed.
constexpr unsigned durability_timeout = 504;

bool is_final(const Result<HttpReply>& reply) {
    return reply && reply->status != too_many_requests && reply->status != service_unavailable &&
           reply->status != durability_timeout;
}

}  // namespace

ApiClient::ApiClient(
    asio::any_io_executor executor, const ServerAddress& address, std::string api_key,
    const bool& stopping
)
    : executor_(executor),
      connection_(std::move(executor), address, std::move(api_key)),
      stopping_(stopping) {}

asio::awaitable<Result<HttpReply>> ApiClient::call(HttpRequest request) {
    asio::steady_timer timer(executor_);
    auto silent_since = steady_clock::now();
    auto pause = pause_first;
    while (true) {
        auto reply = co_await connection_.send(request);
        if (is_final(reply) || stopping_) co_return reply;
        const auto now = steady_clock::now();
        // A server that limits our rate is well; only one that cannot work uses up the patience.
        if (reply && reply->status == too_many_requests) silent_since = now;
        if (now - silent_since > patience) co_return reply;
        ++retries_;
        const auto asked = std::chrono::seconds(reply ? reply->retry_after_seconds : 0);
        timer.expires_after(std::max<steady_clock::duration>(pause, asked));
        co_await timer.async_wait(asio::use_awaitable);
        pause = std::min(pause * 2, pause_max);
    }
}

asio::awaitable<Result<HttpReply>> ApiClient::call_once(HttpRequest request) {
    co_return co_await connection_.send(request);
}

}  // namespace faregate::cli
