// What a client may send over a connection: any bytes, in any pieces. The session is real, and so
// are its parser, routes and engine; the socket is one end of a pair, and the loop runs here.
//
// The input is bytes. `{cut}` ends a write; `{x64}` repeats what came since the last cut, up to 64
// times in all; `{a0}` and `{g0}` are ids (see api_rig.h).

#include <malloc.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <regex>
#include <string>
#include <string_view>
#include <vector>

#include "faregate/core/assert.h"
#include "fuzz/api_rig.h"
#include "http/session.h"

extern "C" __attribute__((weak)) std::size_t __sanitizer_get_current_allocated_bytes();

namespace faregate::fuzz {
namespace {

using Writes = std::vector<std::string>;

constexpr std::size_t sent_bytes_max = std::size_t{2} << 20;
constexpr std::size_t session_bytes_max = std::size_t{1} << 20;
constexpr std::uint64_t records_max = 64;

std::size_t allocated_bytes() {
    if (__sanitizer_get_current_allocated_bytes != nullptr) {
        return __sanitizer_get_current_allocated_bytes();
    }
    const auto info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

http::ServerOptions small_limits() {
    http::ServerOptions options;
    options.query_threads = 1;
    options.header_bytes_max = 2048;
    options.body_bytes_max = 4096;
    return options;
}

/// Takes `{cut}` or `{x64}` off the front: the number of times to send what stands before it.
std::size_t take_mark(std::string_view& text) {
    if (text.starts_with("{cut}")) {
        text.remove_prefix(5);
        return 1;
    }
    if (!text.starts_with("{x")) return 0;
    std::size_t count = 0;
    const auto [end, error] = std::from_chars(text.data() + 2, text.data() + text.size(), count);
    const bool whole = error == std::errc{} && end != text.data() + text.size() && *end == '}';
    if (!whole || count == 0) return 0;
    text.remove_prefix(static_cast<std::size_t>(end + 1 - text.data()));
    return count;
}

Writes read_input(std::string_view text) {
    Writes writes;
    std::string piece;
    std::size_t total = 0;
    const auto add = [&](std::size_t count) {
        for (std::size_t i = 0; i < count && total < sent_bytes_max && !piece.empty(); ++i) {
            total += piece.size();
            writes.push_back(piece);
        }
        piece.clear();
    };
    while (!text.empty()) {
        if (const std::size_t count = take_mark(text); count > 0) {
            add(count);
        } else {
            piece += text.front();
            text.remove_prefix(1);
        }
    }
    add(1);
    return writes;
}

/// The client's end of a connection to a session.
class Client {
  public:
    explicit Client(ApiRig& rig) : rig_(rig) {
        int ends[2] = {};
        const int made = ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends);
        FG_ASSERT(made == 0, "a pair of sockets can be made");
        socket_ = ends[0];
        http::Socket served(rig.thread().executor());
        served.assign(http::asio::ip::tcp::v4(), ends[1]);
        FG_ASSERT(rig.services().take_connection(), "there is a place");
        http::serve(rig.thread(), std::move(served));
    }
    ~Client() { ::close(socket_); }
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    void send(std::string_view bytes) {
        while (!bytes.empty()) {
            const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (sent > 0) bytes.remove_prefix(static_cast<std::size_t>(sent));
            run();
            // The session has closed, and reads no more.
            if (sent < 0 && errno != EAGAIN) return;
        }
    }

    /// Sends no more, and runs until the session has ended.
    void finish() {
        ::shutdown(socket_, SHUT_WR);
        for (int turn = 0; rig_.services().connections.load() > 0; ++turn) {
            FG_ASSERT(turn < 100'000, "a session ends after its client");
            rig_.thread().context().run_one_for(std::chrono::seconds(1));
            receive();
        }
        run();
    }

    const std::string& received() const { return received_; }
    /// The most that was allocated beyond what there was before, received bytes left out.
    std::size_t grown_bytes_max() const { return grown_bytes_max_; }

  private:
    void run() {
        rig_.thread().context().poll();
        receive();
        const std::size_t now = allocated_bytes() - received_.capacity();
        if (now > before_) grown_bytes_max_ = std::max(grown_bytes_max_, now - before_);
    }
    void receive() {
        char bytes[16 * 1024];
        for (;;) {
            const ssize_t count = ::recv(socket_, bytes, sizeof bytes, 0);
            if (count <= 0) return;
            received_.append(bytes, static_cast<std::size_t>(count));
        }
    }

    ApiRig& rig_;
    int socket_ = -1;
    std::string received_;
    std::size_t before_ = allocated_bytes();
    std::size_t grown_bytes_max_ = 0;
};

struct Response {
    int status = 0;
    std::string body;
    bool operator==(const Response&) const = default;
};

std::string header(std::string_view head, const std::string& name) {
    const std::size_t at = head.find("\r\n" + name + ": ");
    FG_ASSERT(at != std::string_view::npos, "a response has all its headers");
    const std::size_t begin = at + name.size() + 4;
    return std::string(head.substr(begin, head.find("\r\n", begin) - begin));
}

/// Takes the responses apart, and asserts that they are whole and well-formed.
std::vector<Response> read_responses(std::string_view bytes) {
    static const std::regex random_id("wallet_[0-9a-z]{26}");
    constexpr std::string_view proceed = "HTTP/1.1 100 Continue\r\n\r\n";
    std::vector<Response> responses;
    while (!bytes.empty()) {
        if (bytes.starts_with(proceed)) {
            bytes.remove_prefix(proceed.size());
            continue;
        }
        FG_ASSERT(bytes.starts_with("HTTP/1.1 "), "a response begins with its status line");
        const std::size_t end = bytes.find("\r\n\r\n");
        FG_ASSERT(end != std::string_view::npos, "a response has a head");
        const std::string_view head = bytes.substr(0, end + 2);
        bytes.remove_prefix(end + 4);
        Response response;
        response.status = std::stoi(std::string(head.substr(9, 3)));
        FG_ASSERT(response.status >= 200 && response.status < 600, "a response has a status");
        FG_ASSERT(response.status != 500, "no request is a failure of the server");
        const std::size_t size = std::stoul(header(head, "Content-Length"));
        const std::string type = header(head, "Content-Type");
        // To a HEAD there is no body, and no body begins like a response.
        if (!bytes.empty() && !bytes.starts_with("HTTP/1.1 ")) {
            FG_ASSERT(bytes.size() >= size, "a response has its whole body");
            response.body = bytes.substr(0, size);
            bytes.remove_prefix(size);
            const bool json = type == "application/json" || type == "application/problem+json";
            FG_ASSERT(
                !json || nlohmann::json::accept(response.body), "what says it is JSON is JSON"
            );
            if (json) response.body = std::regex_replace(response.body, random_id, "wallet");
            if (!json) response.body.clear();
        }
        responses.push_back(std::move(response));
    }
    return responses;
}

std::vector<Response> converse(ApiRig& rig, const Writes& writes) {
    Client client(rig);
    for (const std::string& bytes : writes) client.send(bytes);
    client.finish();
    FG_ASSERT(client.grown_bytes_max() <= session_bytes_max, "a connection takes bounded memory");
    return read_responses(client.received());
}

std::vector<Response> converse_anew(ApiRig& rig, const Writes& writes) {
    rig.reset();
    rig.log().refuse_after(records_max);
    return converse(rig, writes);
}

void check_health(ApiRig& rig) {
    const auto responses = converse(rig, {"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"});
    FG_ASSERT(responses.size() == 1 && responses[0].status == 200, "the server lives");
}

bool says(const std::vector<Response>& responses, int status) {
    return std::any_of(responses.begin(), responses.end(), [&](const Response& response) {
        return response.status == status;
    });
}

/// Beast finds a fault in headers that never end only if they come in one piece: what does not come
/// in one is closed without a word.
void drop_last_refusal(std::vector<Response>& responses) {
    constexpr int bad_request = 400;
    if (responses.empty() || responses.back().status != bad_request) return;
    if (responses.back().body.find("malformed_request") == std::string::npos) return;
    responses.pop_back();
}

}  // namespace
}  // namespace faregate::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace faregate::fuzz;
    static ApiRig rig(small_limits());
    const auto writes = read_input(rig.with_ids({reinterpret_cast<const char*>(data), size}));
    auto pieces = converse_anew(rig, writes);
    check_health(rig);
    if (writes.size() < 2) return 0;
    std::string all;
    for (const std::string& bytes : writes) all += bytes;
    auto whole = converse_anew(rig, {all});
    // How much of a header that is too long was looked at depends on the pieces.
    constexpr int headers_too_large = 431;
    if (says(pieces, headers_too_large) || says(whole, headers_too_large)) return 0;
    drop_last_refusal(pieces);
    drop_last_refusal(whole);
    FG_ASSERT(pieces == whole, "where the bytes were cut makes no difference");
    return 0;
}
