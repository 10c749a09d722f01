#include "faregate/http/server.h"

#include <spdlog/spdlog.h>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <thread>

#include "faregate/core/assert.h"
#include "http/io_thread.h"
#include "http/services.h"

namespace faregate::http {

using asio::ip::tcp;

namespace {

/// What a connection gets that comes when there are too many.
std::string make_refusal(std::uint32_t connections_max) {
    const Problem problem = unavailable(
        Refusal::too_many_connections,
        "The server takes " + std::to_string(connections_max) + " connections at a time."
    );
    std::string body;
    append_problem(body, problem);
    return "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/problem+json\r\n"
           "Content-Length: " +
           std::to_string(body.size()) + "\r\nRetry-After: 1\r\nConnection: close\r\n\r\n" + body;
}

}  // namespace

class Server::Impl {
  public:
    Impl(ServerOptions options, Dependencies dependencies)
        : services_(std::move(options), std::move(dependencies)),
          refusal_(make_refusal(services_.options.connections_max)) {
        for (std::uint32_t i = 0; i < services_.options.threads; ++i) {
            threads_.push_back(std::make_unique<IoThread>(services_));
        }
        acceptor_.emplace(threads_.front()->executor());
    }

    ~Impl() { stop(); }

    Status start();
    void stop();
    std::uint16_t port() const { return port_; }

  private:
    using Acceptor = asio::basic_socket_acceptor<tcp, Executor>;

    Status listen();
    Task<void> accept_all();
    Task<void> pause();
    void admit(IoThread& thread, Socket socket);
    void wait_for_connections();

    Services services_;
    const std::string refusal_;
    std::vector<std::unique_ptr<IoThread>> threads_;
    std::optional<Acceptor> acceptor_;  // belongs to the first thread once that runs
    std::uint16_t port_ = 0;
    bool started_ = false;
    bool stopped_ = false;
};

Status Server::Impl::listen() {
    const ServerOptions& options = services_.options;
    const std::string place = options.host + ":" + std::to_string(options.port);
    boost::system::error_code error;
    asio::io_context context;
    tcp::resolver resolver(context);
    const auto found = resolver.resolve(
        options.host, std::to_string(options.port),
        tcp::resolver::passive | tcp::resolver::numeric_service, error
    );
    if (error || found.empty()) {
        return failure(
            ErrorCode::invalid_argument,
            "cannot listen on " + place + ": " + error.message() + "; give an address of this host"
        );
    }
    const tcp::endpoint endpoint = found.begin()->endpoint();
    acceptor_->open(endpoint.protocol(), error);
    if (!error) acceptor_->set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor_->bind(endpoint, error);
    if (!error) acceptor_->listen(asio::socket_base::max_listen_connections, error);
    if (error == asio::error::address_in_use) {
        return failure(
            ErrorCode::io, "cannot listen on " + place +
                               ": the port is in use; stop the other program or choose another port"
        );
    }
    if (error) {
        return failure(
            ErrorCode::invalid_argument, "cannot listen on " + place + ": " + error.message()
        );
    }
    port_ = acceptor_->local_endpoint().port();
    return {};
}

Status Server::Impl::start() {
    FG_ASSERT(!started_, "a server starts once");
    FG_TRY(listen());
    services_.keys.start();
    started_ = true;
    asio::co_spawn(threads_.front()->context(), accept_all(), asio::detached);
    for (const auto& thread : threads_) thread->start();
    spdlog::info(
        "listening on {}:{} with {} threads, replies wait for the {}", services_.options.host,
        port_, threads_.size(), to_string(services_.options.durability)
    );
    return {};
}

void Server::Impl::admit(IoThread& thread, Socket socket) {
    boost::system::error_code ignored;
    if (!services_.take_connection()) {
        // The text fits any send buffer, so this does not block.
        socket.non_blocking(true, ignored);
        socket.write_some(asio::buffer(refusal_), ignored);
        socket.shutdown(tcp::socket::shutdown_both, ignored);
        return;
    }
    socket.set_option(tcp::no_delay(true), ignored);
    thread.adopt(std::move(socket));
}

Task<void> Server::Impl::pause() {
    asio::basic_waitable_timer<
        std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, Executor>
        timer(threads_.front()->executor());
    timer.expires_after(std::chrono::milliseconds(100));
    boost::system::error_code ignored;
    co_await timer.async_wait(asio::redirect_error(use_task, ignored));
}

Task<void> Server::Impl::accept_all() {
    for (std::size_t turn = 0; acceptor_->is_open(); ++turn) {
        IoThread& thread = *threads_[turn % threads_.size()];
        Socket socket(thread.executor());
        boost::system::error_code error;
        co_await acceptor_->async_accept(socket, asio::redirect_error(use_task, error));
        if (error == asio::error::operation_aborted) co_return;
        if (!error) {
            admit(thread, std::move(socket));
            continue;
        }
        if (error == asio::error::connection_aborted) continue;
        // Out of file descriptors, most likely; some will be free again.
        services_.log_error(
            LogKind::cannot_accept, "cannot accept a connection: " + error.message()
        );
        co_await pause();
    }
}

void Server::Impl::wait_for_connections() {
    const auto end = std::chrono::steady_clock::now() +
                     std::chrono::milliseconds(services_.options.stop_timeout_ms);
    while (services_.connections.load() > 0) {
        if (std::chrono::steady_clock::now() >= end) {
            spdlog::warn("{} connections were still busy", services_.connections.load());
            return;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
}

void Server::Impl::stop() {
    if (!started_ || stopped_) return;
    stopped_ = true;
    services_.stopping.store(true);
    asio::post(threads_.front()->context(), [this] {
        boost::system::error_code ignored;
        acceptor_->close(ignored);
    });
    for (const auto& thread : threads_) thread->close_idle();
    wait_for_connections();
    services_.keys.stop();
    services_.workers.join();
    for (const auto& thread : threads_) thread->stop();
    // With the threads goes whatever connection did not end in time.
    acceptor_.reset();
    threads_.clear();
    spdlog::info("stopped listening on port {}", port_);
}

Server::Server(ServerOptions options, Dependencies dependencies)
    : impl_(std::make_unique<Impl>(std::move(options), std::move(dependencies))) {}

Server::~Server() = default;

Status Server::start() { return impl_->start(); }

std::uint16_t Server::port() const noexcept { return impl_->port(); }

void Server::stop() { impl_->stop(); }

}  // namespace faregate::http
