#pragma once

#include <cstdint>
#include <string>

#include "cli/replay/http_connection.h"

namespace faregate::cli {

/// A caller with patience: repeats a request that got no answer, 429, 503 or 504, with growing
/// pauses, for at most a minute of silence. Every request carries an idempotency key or is a read,
/// so that repeating it is safe. Used from its executor only.
class ApiClient {
  public:
    /// `stopping` ends the patience once it is true. It and `address` must outlive the client.
    ApiClient(
        boost::asio::any_io_executor executor, const ServerAddress& address, std::string api_key,
        const bool& stopping
    );

    boost::asio::awaitable<Result<HttpReply>> call(HttpRequest request);
    /// Without patience: whether there is a server at all.
    boost::asio::awaitable<Result<HttpReply>> call_once(HttpRequest request);

    std::uint64_t retries() const noexcept { return retries_; }

  private:
    boost::asio::any_io_executor executor_;
    HttpConnection connection_;
    const bool& stopping_;
    std::uint64_t retries_ = 0;
};

}  // namespace faregate::cli
