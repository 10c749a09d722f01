#pragma once

#include <boost/beast/core/flat_buffer.hpp>
#include <memory>

#include "faregate/http/server.h"
#include "http/memory_pool.h"
#include "http/problem.h"
#include "http/request.h"

namespace faregate::http {

/// A request on its way in: parses what arrives, and refuses all that can be refused before a route
/// sees it. Serves one request after the other and keeps the memory of a small body. Belongs to its
/// session.
class Message {
  public:
    enum class State : std::uint8_t { nothing, head, body, complete, refused };

    /// Header fields of one request. Each costs more memory than it has bytes.
    static constexpr std::size_t fields_max = 100;

    /// Both must outlive this. The body's bytes are taken from `memory`.
    Message(const ServerOptions& options, MemoryShare& memory);
    ~Message();
    Message(const Message&) = delete;
    Message& operator=(const Message&) = delete;

    /// Forgets the last request.
    void begin();
    /// Takes what it can out of `input`. Precondition: the state is neither complete nor refused.
    State parse(boost::beast::flat_buffer& input);

    State state() const noexcept { return state_; }
    /// What to answer, if the state is `refused`.
    const Problem& problem() const noexcept { return problem_; }
    /// True once, if the client waits for "100 Continue" before it sends the body.
    bool take_expectation();

    // Of a complete request.
    /// Its views live until begin(), that of the body until drop_body().
    Request request() const;
    bool is_head() const;
    bool is_http_1_0() const;
    bool keep_alive() const;
    /// Gives up the memory of the body, but for a little.
    void drop_body(std::size_t kept_bytes_max);

  private:
    struct Parser;

    State refuse(Problem problem);
    std::optional<Problem> check_head() const;
    State finish();

    const ServerOptions& options_;
    MemoryShare& memory_;
    std::unique_ptr<Parser> parser_;
    State state_ = State::nothing;
    Problem problem_;
    std::size_t fields_ = 0;  ///< without trailers
    bool expectation_taken_ = false;
};

}  // namespace faregate::http
