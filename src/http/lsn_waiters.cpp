#include "http/lsn_waiters.h"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

namespace faregate::http {

void LsnWaiters::Signal::rise(Lsn lsn) {
    published.store(lsn.value, std::memory_order_seq_cst);
    if (lowest.load(std::memory_order_seq_cst) <= lsn.value) post();
}

void LsnWaiters::Signal::post() {
    if (posted.exchange(true)) return;
    MutexLock lock(mutex);
    if (waiters == nullptr) return;
    asio::post(waiters->context_, [target = waiters] { target->resume_reached(); });
}

LsnWaiters::LsnWaiters(asio::io_context& context, engine::Watermark& watermark)
    : context_(context), watermark_(watermark), signal_(std::make_shared<Signal>()) {
    {
        MutexLock lock(signal_->mutex);
        signal_->waiters = this;
    }
    watermark_.subscribe([signal = signal_](Lsn lsn) { signal->rise(lsn); });
}

LsnWaiters::~LsnWaiters() {
    {
        MutexLock lock(signal_->mutex);
        signal_->waiters = nullptr;
    }
    // What still waits is a coroutine that will never go on. Destroying it may run code that looks
    // at this object, so the handlers die before the map does.
    while (!waiters_.empty()) {
        const auto abandoned = waiters_.extract(waiters_.begin());
    }
}

std::uint64_t LsnWaiters::lowest() const {
    return waiters_.empty() ? nobody : waiters_.begin()->first;
}

std::uint64_t LsnWaiters::add(Lsn lsn, Resume<bool> resume) {
    const std::uint64_t ticket = ++last_ticket_;
    watermark_.want(lsn);
    // LSNs rise, so the end is nearly always the place.
    waiters_.emplace_hint(waiters_.end(), lsn.value, Waiter{ticket, std::move(resume)});
    signal_->lowest.store(lowest(), std::memory_order_seq_cst);
    const bool missed = signal_->published.load(std::memory_order_seq_cst) >= lsn.value ||
                        watermark_.value() >= lsn;
    if (missed) signal_->post();
    return ticket;
}

void LsnWaiters::resume_reached() {
    signal_->posted.store(false, std::memory_order_seq_cst);
    std::vector<Waiter> reached;
    std::uint64_t risen = 0;
    do {
        risen =
            std::max(signal_->published.load(std::memory_order_seq_cst), watermark_.value().value);
        auto end = waiters_.upper_bound(risen);
        for (auto each = waiters_.begin(); each != end; ++each) {
            reached.push_back(std::move(each->second));
        }
        waiters_.erase(waiters_.begin(), end);
        signal_->lowest.store(lowest(), std::memory_order_seq_cst);
    } while (signal_->published.load(std::memory_order_seq_cst) >= lowest());
    for (Waiter& waiter : reached) waiter.resume(true);
}

void LsnWaiters::give_up(Lsn lsn, std::uint64_t ticket) {
    const auto [begin, end] = waiters_.equal_range(lsn.value);
    for (auto each = begin; each != end; ++each) {
        if (each->second.ticket != ticket) continue;
        Resume<bool> resume = std::move(each->second.resume);
        waiters_.erase(each);
        signal_->lowest.store(lowest(), std::memory_order_seq_cst);
        return resume(false);
    }
}

Task<void> LsnWaiters::wait(Lsn lsn) {
    if (reached(lsn)) co_return;
    auto start = [this](Resume<bool> resume, Lsn wanted) { add(wanted, std::move(resume)); };
    co_await asio::async_initiate<const asio::use_awaitable_t<Executor>, void(bool)>(
        start, use_task, lsn
    );
}

Task<bool> LsnWaiters::wait_for(Lsn lsn, std::chrono::milliseconds time) {
    if (reached(lsn)) co_return true;
    // The timer dies with this frame, after the waiter is gone from the map; a time-out that was
    // already under way then finds no waiter of that ticket.
    asio::basic_waitable_timer<
        std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, Executor>
        timer(context_.get_executor());
    timer.expires_after(time);
    auto start = [this, &timer](Resume<bool> resume, Lsn wanted) {
        const std::uint64_t ticket = add(wanted, std::move(resume));
        timer.async_wait([this, wanted, ticket](const boost::system::error_code& error) {
            if (!error) give_up(wanted, ticket);
        });
    };
    co_return co_await asio::async_initiate<const asio::use_awaitable_t<Executor>, void(bool)>(
        start, use_task, lsn
    );
}

}  // namespace faregate::http
