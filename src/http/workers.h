#pragma once

#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <functional>
#include <utility>

#include "http/net.h"

namespace faregate::http {

/// Threads for calls that block, so that I/O threads never do.
class Workers {
  public:
    explicit Workers(std::size_t threads) : pool_(threads) {}

    /// Runs `work` on a worker and resumes the caller, on its own thread, with the result.
    /// `work` must not throw.
    template <typename T>
    Task<T> run(std::function<T()> work) {
        auto start = [this](Resume<T> resume, std::function<T()> job) {
            asio::post(pool_, [job = std::move(job), resume = std::move(resume)]() mutable {
                const Executor home = resume.get_executor();
                asio::post(home, [resume = std::move(resume), value = job()]() mutable {
                    resume(std::move(value));
                });
            });
        };
        co_return co_await asio::async_initiate<const asio::use_awaitable_t<Executor>, void(T)>(
            start, use_task, std::move(work)
        );
    }

    /// Finishes what has begun and joins the threads.
    void join() { pool_.join(); }

  private:
    asio::thread_pool pool_;
};

}  // namespace faregate::http
