#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <memory>
#include <string>

#include "faregate/core/result.h"

namespace faregate::cli {

/// Where a server listens, taken from a URL such as http://127.0.0.1:8080.
struct ServerAddress {
    std::string host;
    std::string port;

    static Result<ServerAddress> parse(const std::string& url);
};

struct HttpRequest {
    enum class Method { get, post };
    Method method = Method::get;
    std::string target;
    std::string body;
    std::string idempotency_key;  ///< empty: none
};

struct HttpReply {
    unsigned status = 0;
    bool replayed = false;             ///< the answer of an earlier request with the same key
    unsigned retry_after_seconds = 0;  ///< 0: the server said nothing
    std::string body;
};

/// One keep-alive connection to the server, connected when first used and again after a failure.
/// One request at a time; used from its executor only. The address must outlive it.
class HttpConnection {
  public:
    HttpConnection(
        boost::asio::any_io_executor executor, const ServerAddress& address, std::string api_key
    );
    ~HttpConnection();

    /// Error `unavailable`: there was no answer, and it is unknown whether the request had effect.
    boost::asio::awaitable<Result<HttpReply>> send(const HttpRequest& request);

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace faregate::cli
