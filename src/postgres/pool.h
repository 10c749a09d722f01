#pragma once

#include <memory>
#include <string>
#include <vector>

#include "faregate/core/mutex.h"
#include "postgres/connection.h"

namespace faregate::postgres {

/// A bounded pool of read-only connections. Thread-safe. Must outlive its leases.
class Pool {
  public:
    Pool(std::string database_url, std::size_t connections_max, SessionOptions options);

    /// The use of one connection. It goes back to the pool if it was released, and is closed
    /// otherwise, as after an exception.
    class Lease {
      public:
        Lease(Pool& pool, std::unique_ptr<pqxx::connection> connection, bool reused)
            : pool_(pool), connection_(std::move(connection)), reused_(reused) {}
        ~Lease();
        Lease(const Lease&) = delete;
        Lease& operator=(const Lease&) = delete;

        pqxx::connection& connection() noexcept { return *connection_; }
        /// It was opened earlier, so the server may have closed it since.
        bool reused() const noexcept { return reused_; }
        void release();

      private:
        Pool& pool_;
        std::unique_ptr<pqxx::connection> connection_;
        const bool reused_;
    };

    /// Waits a few seconds for a free place, then throws Failure `unavailable`.
    Lease acquire();
    /// Closes the connections that nobody uses.
    void drop_idle();

  private:
    void wait_for_place();
    void give_back(std::unique_ptr<pqxx::connection> connection);

    const std::string database_url_;
    const std::size_t connections_max_;
    const SessionOptions options_;

    Mutex mutex_;
    ConditionVariable place_free_;
    std::vector<std::unique_ptr<pqxx::connection>> idle_ FG_GUARDED_BY(mutex_);
    std::size_t in_use_ FG_GUARDED_BY(mutex_) = 0;
};

}  // namespace faregate::postgres
