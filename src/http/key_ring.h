#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <vector>

#include "faregate/core/mutex.h"
#include "faregate/core/result.h"
#include "faregate/postgres/keys.h"
#include "http/token_bucket.h"

namespace faregate::http {

/// A key that may be used now.
struct LiveKey {
    std::string id;
    std::uint8_t scopes = 0;  ///< a union of postgres::Scope
    postgres::KeyDigest digest{};
    std::shared_ptr<TokenBucket> bucket;  ///< the same for as long as the key is known

    bool may(postgres::Scope scope) const noexcept;
};
using LiveKeyPtr = std::shared_ptr<const LiveKey>;

/// The keys, as they were in the database a moment ago. A thread of its own lists them every now
/// and then, and at once (though not too often) when somebody shows a key that it does not know.
/// While the database is away the last list stays in force. Thread-safe.
class KeyRing {
  public:
    using List = std::function<Result<std::vector<postgres::ApiKey>>()>;

    KeyRing(List list, std::chrono::milliseconds interval, const std::string& bootstrap_key);
    ~KeyRing();

    /// Lists the keys once and starts the thread.
    void start();
    /// Stops the thread; everybody who waits for a refresh is called.
    void stop();

    /// Changes whenever the keys do.
    std::uint64_t generation() const noexcept { return generation_.load(); }
    /// The live key with that digest, or null.
    LiveKeyPtr find(const postgres::KeyDigest& digest) const;
    /// Calls `done`, on any thread, once a list that began after now has arrived or failed.
    void refresh(std::function<void()> done);

  private:
    struct DigestHash {
        std::size_t operator()(const postgres::KeyDigest& digest) const noexcept;
    };
    using Table = std::unordered_map<postgres::KeyDigest, LiveKeyPtr, DigestHash>;

    void run();
    void load();

    const List list_;
    const std::chrono::milliseconds interval_;
    LiveKeyPtr bootstrap_;  ///< null if there is none

    std::atomic<std::uint64_t> generation_{1};
    mutable Mutex mutex_;
    ConditionVariable changed_;
    std::shared_ptr<const Table> table_ FG_GUARDED_BY(mutex_);
    std::vector<std::function<void()>> waiting_ FG_GUARDED_BY(mutex_);
    bool stopping_ FG_GUARDED_BY(mutex_) = false;
    bool failing_ = false;  // of the last list; the thread's own
    std::thread thread_;
};

}  // namespace faregate::http
