#include "postgres/pool.h"

#include <chrono>

#include "faregate/core/assert.h"
#include "postgres/error.h"

namespace faregate::postgres {

Pool::Pool(std::string database_url, std::size_t connections_max, SessionOptions options)
    : database_url_(std::move(database_url)), connections_max_(connections_max), options_(options) {
    FG_ASSERT(connections_max > 0, "a pool without connections serves nobody");
}

Pool::Lease Pool::acquire() {
    wait_for_place();
    {
        MutexLock lock(mutex_);
        if (!idle_.empty()) {
            auto connection = std::move(idle_.back());
            idle_.pop_back();
            return Lease(*this, std::move(connection), true);
        }
    }
    // Connecting takes its time, so it is done outside the lock.
    try {
        return Lease(*this, connect(database_url_, options_), false);
    } catch (...) {
        give_back(nullptr);
        throw;
    }
}

void Pool::wait_for_place() {
    const auto give_up_at = std::chrono::steady_clock::now() + std::chrono::seconds{5};
    MutexLock lock(mutex_);
    while (in_use_ >= connections_max_) {
        const auto left = give_up_at - std::chrono::steady_clock::now();
        if (left <= std::chrono::seconds{0}) {
            throw Failure(
                ErrorCode::unavailable,
                "all " + std::to_string(connections_max_) + " connections to the database are busy"
            );
        }
        place_free_.wait_for(mutex_, left);
    }
    ++in_use_;
}

void Pool::give_back(std::unique_ptr<pqxx::connection> connection) {
    MutexLock lock(mutex_);
    --in_use_;
    if (connection != nullptr) idle_.push_back(std::move(connection));
    place_free_.notify_one();
}

void Pool::drop_idle() {
    std::vector<std::unique_ptr<pqxx::connection>> closing;
    MutexLock lock(mutex_);
    closing.swap(idle_);
}

void Pool::Lease::release() { pool_.give_back(std::move(connection_)); }

Pool::Lease::~Lease() {
    if (connection_ == nullptr) return;
    connection_.reset();
    pool_.give_back(nullptr);
}

}  // namespace faregate::postgres
