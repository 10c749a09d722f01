#include "http/io_thread.h"

#include <pthread.h>

#include <boost/asio/post.hpp>
#include <ctime>

#include "http/session.h"

namespace faregate::http {

IoThread::IoThread(Services& services)
    : services_(services),
      work_(context_.get_executor()),
      waiters_{
          LsnWaiters(context_, services.uses.durable), LsnWaiters(context_, services.uses.applied)},
      deadline_timer_(context_.get_executor()) {}

IoThread::~IoThread() { stop(); }

void IoThread::start() {
    thread_ = std::thread([this] {
        pthread_setname_np(pthread_self(), "fg-http");
        enforce_deadlines();
        context_.run();
    });
}

void IoThread::adopt(Socket socket) {
    asio::post(context_, [this, accepted = std::move(socket)]() mutable {
        serve(*this, std::move(accepted));
    });
}

void IoThread::enforce_deadlines() {
    const auto now = std::chrono::steady_clock::now();
    std::vector<Session*> late;
    for (Session* session : sessions_) {
        if (session->deadline() <= now) late.push_back(session);
    }
    for (Session* session : late) session->close();
    deadline_timer_.expires_after(deadline_resolution);
    deadline_timer_.async_wait([this](const boost::system::error_code& error) {
        if (!error) enforce_deadlines();
    });
}

void IoThread::close_idle() {
    asio::post(context_, [this] {
        // Closing may end a session at once, which takes itself out of the set.
        const std::vector<Session*> all(sessions_.begin(), sessions_.end());
        for (Session* session : all) session->close_if_idle();
    });
}

void IoThread::stop() {
    work_.reset();
    context_.stop();
    if (thread_.joinable()) thread_.join();
}

std::string_view IoThread::date() {
    const std::time_t now = std::time(nullptr);
    if (now != date_at_) {
        std::tm parts{};
        gmtime_r(&now, &parts);
        char text[40] = {};
        // The C locale is never changed, so names of days and months are English.
        const std::size_t size =
            std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
        date_.assign(text, size);
        date_at_ = now;
    }
    return date_;
}

}  // namespace faregate::http
