// The only place that instantiates Beast's parser: it is slow to compile.
#include "http/message.h"

#include <algorithm>
#include <array>
#include <boost/beast/core/buffers_range.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/field.hpp>
#include <boost/beast/http/parser.hpp>
#include <iterator>
#include <memory_resource>
#include <tuple>

#include "faregate/core/assert.h"

namespace faregate::http {

namespace beast = boost::beast;

namespace {

using SystemError = boost::system::error_code;
using Field = beast::http::field;

std::string_view view(beast::string_view text) { return {text.data(), text.size()}; }

/// A body that takes memory as its bytes arrive, not as they are announced: announcing is cheap.
struct BodyText {
    std::string text;
    std::uint64_t bytes_max = 0;
    MemoryShare* memory = nullptr;

    bool append(const char* bytes, std::size_t size) {
        const std::size_t needed = text.size() + size;
        if (needed > text.capacity()) {
            const std::size_t twice =
                std::min<std::size_t>(text.capacity() * 2, static_cast<std::size_t>(bytes_max));
            const std::size_t wanted = std::max(needed, twice);
            if (!memory->set(wanted)) return false;
            text.reserve(wanted);
        }
        text.append(bytes, size);
        return true;
    }
};

/// What Beast wants to know about it.
struct Body {
    using value_type = BodyText;  // NOLINT: Beast's name

    class reader {  // NOLINT: Beast's name
      public:
        template <bool is_request, typename Fields>
        reader(beast::http::header<is_request, Fields>&, BodyText& body) : body_(body) {}

        void init(const boost::optional<std::uint64_t>&, SystemError& error) { error = {}; }
        template <typename Buffers>
        std::size_t put(const Buffers& buffers, SystemError& error) {
            std::size_t taken = 0;
            for (const auto buffer : beast::buffers_range_ref(buffers)) {
                if (!body_.append(static_cast<const char*>(buffer.data()), buffer.size())) {
                    error = beast::http::error::buffer_overflow;
                    return taken;
                }
                taken += buffer.size();
            }
            error = {};
            return taken;
        }
        void finish(SystemError& error) { error = {}; }

      private:
        BodyText& body_;
    };
};

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

Problem malformed(const std::string& why) {
    return Problem(Refusal::malformed_request, "This is not HTTP/1.1: " + why + ".");
}

Problem headers_too_large(const ServerOptions& options) {
    return Problem(
        Refusal::headers_too_large, "All headers together have at most " +
                                        std::to_string(options.header_bytes_max) + " bytes and " +
                                        std::to_string(Message::fields_max) + " fields."
    );
}

Problem problem_of(const SystemError& error, const ServerOptions& options) {
    if (error == beast::http::error::body_limit) {
        return Problem(
            Refusal::body_too_large, "A body has at most " +
                                         std::to_string(options.body_bytes_max) +
                                         " bytes. Split the request."
        );
    }
    if (error == beast::http::error::header_limit) return headers_too_large(options);
    if (error == beast::http::error::buffer_overflow) {
        return unavailable(
            Refusal::unavailable, "The server has no memory left for large requests."
        );
    }
    return malformed(error.message());
}

/// Sets a header that may come once.
template <typename View>
void set_once(Request& request, View& place, std::string_view value, bool& seen) {
    if (seen) request.repeated_header = true;
    seen = true;
    place = value;
}

}  // namespace

struct Message::Parser {
    using Allocator = std::pmr::polymorphic_allocator<char>;
    using Http = beast::http::request_parser<Body, Allocator>;

    // The headers of one message after the other, without going to the heap for each of them.
    std::array<std::byte, 2048> first_bytes;
    std::pmr::monotonic_buffer_resource memory{first_bytes.data(), first_bytes.size()};

    const auto& head() const { return http->get(); }
    std::size_t field_count() const {
        return static_cast<std::size_t>(std::distance(head().begin(), head().end()));
    }

    std::optional<Http> http;
};

Message::Message(const ServerOptions& options, MemoryShare& memory)
    : options_(options), memory_(memory), parser_(std::make_unique<Parser>()) {
    begin();
}

Message::~Message() = default;

void Message::begin() {
    std::string text;
    if (parser_->http) text = std::move(parser_->http->get().body().text);
    text.clear();
    parser_->http.reset();
    parser_->memory.release();
    const Parser::Allocator allocator(&parser_->memory);
    auto& http = parser_->http.emplace(
        std::piecewise_construct, std::make_tuple(), std::make_tuple(allocator)
    );
    http.header_limit(options_.header_bytes_max);
    http.body_limit(options_.body_bytes_max);
    http.get().body() = BodyText{std::move(text), options_.body_bytes_max, &memory_};
    state_ = State::nothing;
    fields_ = 0;
    expectation_taken_ = false;
}

Message::State Message::refuse(Problem problem) {
    problem_ = std::move(problem);
    return state_ = State::refused;
}

Message::State Message::parse(beast::flat_buffer& input) {
    FG_ASSERT(state_ != State::complete && state_ != State::refused, "nothing more is expected");
    auto& http = *parser_->http;
    while (input.size() > 0) {
        // Headers and body in two steps, so that the headers are checked before anything else.
        http.eager(state_ == State::body);
        SystemError error;
        const std::size_t used = http.put(input.data(), error);
        input.consume(used);
        if (error && error != beast::http::error::need_more) {
            return refuse(problem_of(error, options_));
        }
        if (state_ != State::body && http.is_header_done()) {
            if (auto problem = check_head()) return refuse(std::move(*problem));
            state_ = State::body;
            fields_ = parser_->field_count();
        }
        if (http.is_done()) return finish();
        if (error || used == 0) break;
    }
    // The parser wants to see the end of a chunk's extensions and of all trailers at once.
    if (input.size() > options_.header_bytes_max) return refuse(headers_too_large(options_));
    if (state_ == State::nothing && http.got_some()) state_ = State::head;
    return state_;
}

/// Refuses what another server on the way may understand differently: where one request ends is
/// where the next one begins.
std::optional<Problem> Message::check_head() const {
    const auto& head = parser_->head();
    if (parser_->field_count() > fields_max) return headers_too_large(options_);
    const std::size_t encodings = head.count(Field::transfer_encoding);
    const std::size_t lengths = head.count(Field::content_length);
    if (encodings > 0) {
        const bool chunked = beast::iequals(head[Field::transfer_encoding], "chunked");
        if (encodings > 1 || !chunked || lengths > 0 || head.version() < 11) {
            return malformed("the only Transfer-Encoding is \"chunked\", without Content-Length");
        }
    }
    const bool list = head[Field::content_length].find(',') != beast::string_view::npos;
    if (lengths > 1 || list) return malformed("Content-Length must be one number");
    const std::size_t hosts = head.count(Field::host);
    if (hosts > 1 || (hosts == 0 && head.version() >= 11)) {
        return malformed("there must be one Host");
    }
    return std::nullopt;
}

Message::State Message::finish() {
    // Beast puts trailers among the headers, where they could be taken for a key.
    if (state_ == State::body && parser_->field_count() != fields_) {
        return refuse(malformed("trailers are not taken"));
    }
    return state_ = State::complete;
}

bool Message::take_expectation() {
    const auto& head = parser_->head();
    if (state_ != State::body || expectation_taken_ || head.version() < 11) return false;
    expectation_taken_ = true;
    return beast::iequals(head[Field::expect], "100-continue");
}

Request Message::request() const {
    const auto& head = parser_->head();
    Request request;
    request.method = method_of(head.method());
    const std::string_view target = view(head.target());
    const std::size_t mark = target.find('?');
    request.path = target.substr(0, mark);
    if (mark != std::string_view::npos) request.query = target.substr(mark + 1);
    request.body = head.body().text;
    bool seen[4] = {};
    for (const auto& header : head) {
        const std::string_view value = view(header.value());
        switch (header.name()) {
            case Field::authorization:
                set_once(request, request.authorization, value, seen[0]);
                break;
            case Field::content_type:
                set_once(request, request.content_type, value, seen[1]);
                break;
            case Field::unknown:
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

bool Message::is_head() const { return parser_->head().method() == beast::http::verb::head; }

bool Message::is_http_1_0() const { return parser_->head().version() < 11; }

bool Message::keep_alive() const { return parser_->head().keep_alive(); }

void Message::drop_body(std::size_t kept_bytes_max) {
    std::string& text = parser_->http->get().body().text;
    text.clear();
    if (text.capacity() > kept_bytes_max) std::string().swap(text);
}

}  // namespace faregate::http
