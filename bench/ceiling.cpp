// The ceiling: what Boost.Beast itself can do on this machine. Reads each request whole, its body
// too, and answers with a text of the size that Faregate's answers have. Nothing is looked at,
// decided or written.

#include <boost/asio/dispatch.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using boost::system::error_code;

class Connection : public std::enable_shared_from_this<Connection> {
  public:
    Connection(tcp::socket socket, const std::string& answer) : stream_(std::move(socket)) {
        response_.result(http::status::created);
        response_.set(http::field::server, "ceiling");
        response_.set(http::field::content_type, "application/json");
        response_.body() = answer;
        response_.prepare_payload();
    }

    void read() {
        parser_.emplace();
        parser_->body_limit(16U << 20U);
        http::async_read(
            stream_, buffer_, *parser_,
            [self = shared_from_this()](error_code error, std::size_t) {
                if (!error) self->write();
            }
        );
    }

  private:
    void write() {
        http::async_write(
            stream_, response_,
            [self = shared_from_this()](error_code error, std::size_t) {
                if (!error) self->read();
            }
        );
    }

    beast::tcp_stream stream_;
    beast::flat_buffer buffer_;
    std::optional<http::request_parser<http::string_body>> parser_;
    http::response<http::string_body> response_;
};

/// One of several that share the connections: each has an io_context of its own, as in Faregate.
class Worker {
  public:
    void adopt(tcp::socket::native_handle_type handle, const std::string& answer) {
        asio::post(context_, [this, handle, &answer] {
            tcp::socket socket(context_, tcp::v4(), handle);
            std::make_shared<Connection>(std::move(socket), answer)->read();
        });
    }
    void run() { context_.run(); }

  private:
    asio::io_context context_{1};
    asio::executor_work_guard<asio::io_context::executor_type> work_{context_.get_executor()};
};

int run(unsigned short port, std::size_t thread_count, std::size_t answer_bytes) {
    const std::string answer(answer_bytes, 'x');
    std::vector<std::unique_ptr<Worker>> workers;
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < thread_count; ++i) {
        workers.push_back(std::make_unique<Worker>());
        threads.emplace_back([worker = workers.back().get()] { worker->run(); });
    }
    asio::io_context context{1};
    tcp::acceptor acceptor(context, tcp::endpoint(asio::ip::address_v4::loopback(), port));
    for (std::size_t turn = 0;; ++turn) {
        tcp::socket socket = acceptor.accept();
        socket.set_option(tcp::no_delay(true));
        workers[turn % thread_count]->adopt(socket.release(), answer);
    }
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 4) {
        std::fprintf(stderr, "usage: %s PORT THREADS ANSWER_BYTES\n", arguments[0]);
        return 2;
    }
    try {
        return run(
            static_cast<unsigned short>(std::strtoul(arguments[1], nullptr, 10)),
            std::strtoul(arguments[2], nullptr, 10), std::strtoul(arguments[3], nullptr, 10)
        );
    } catch (const std::exception& failure) {
        std::fprintf(stderr, "ceiling: %s\n", failure.what());
        return 1;
    }
}
