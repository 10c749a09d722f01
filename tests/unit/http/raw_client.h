#pragma once

#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <string>
#include <string_view>

namespace faregate::http {

struct RawReply {
    int status = 0;  ///< 0: the connection ended before a whole reply
    std::string head;
    std::string body;

    bool has_header(std::string_view line) const {
        return head.find("\r\n" + std::string(line) + "\r\n") != std::string::npos;
    }
    bool says(std::string_view text) const { return body.find(text) != std::string::npos; }
};

/// A blocking connection that sends exactly the bytes it is told to. Gives up on a read after ten
/// seconds.
class RawClient {
  public:
    /// `receive_bytes`: how much the kernel takes while nobody reads; 0: as much as it likes.
    explicit RawClient(std::uint16_t port, int receive_bytes = 0) {
        namespace asio = boost::asio;
        socket_.open(asio::ip::tcp::v4());
        if (receive_bytes > 0) {
            socket_.set_option(asio::socket_base::receive_buffer_size(receive_bytes));
        }
        socket_.connect(asio::ip::tcp::endpoint(asio::ip::address_v4::loopback(), port));
        const timeval limit{10, 0};
        setsockopt(socket_.native_handle(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    }

    /// Errors are ignored: a server may close before it has read all.
    void send(std::string_view bytes) {
        boost::system::error_code ignored;
        boost::asio::write(socket_, boost::asio::buffer(bytes.data(), bytes.size()), ignored);
    }

    /// Says that nothing more will be sent.
    void half_close() {
        boost::system::error_code ignored;
        socket_.shutdown(boost::asio::ip::tcp::socket::shutdown_send, ignored);
    }

    RawReply read(bool without_body = false) {
        RawReply reply;
        std::size_t end = 0;
        while ((end = input_.find("\r\n\r\n")) == std::string::npos) {
            if (!fill()) return {};
        }
        reply.head = input_.substr(0, end + 2);
        input_.erase(0, end + 4);
        reply.status = std::stoi(reply.head.substr(9, 3));
        if (reply.status == 100) return reply;
        std::size_t size = 0;
        const std::string name = "\r\nContent-Length: ";
        const std::size_t place = reply.head.find(name);
        if (place != std::string::npos) size = std::stoul(reply.head.substr(place + name.size()));
        if (without_body) size = 0;
        while (input_.size() < size) {
            if (!fill()) return {};
        }
        reply.body = input_.substr(0, size);
        input_.erase(0, size);
        return reply;
    }

    /// True if something has arrived that was not read yet, or the connection ended.
    bool has_input() {
        char byte = 0;
        const auto flags = MSG_PEEK | MSG_DONTWAIT;
        return !input_.empty() || ::recv(socket_.native_handle(), &byte, 1, flags) >= 0;
    }

    /// True if the server closes the connection without sending more.
    bool is_closed() { return input_.empty() && !fill(); }

  private:
    bool fill() {
        char bytes[64 * 1024];
        const ssize_t count = ::recv(socket_.native_handle(), bytes, sizeof bytes, 0);
        if (count <= 0) return false;
        input_.append(bytes, static_cast<std::size_t>(count));
        return true;
    }

    boost::asio::io_context context_;
    boost::asio::ip::tcp::socket socket_{context_};
    std::string input_;
};

}  // namespace faregate::http
