#include "http/key_ring.h"

#include <gtest/gtest.h>

#include <future>

namespace faregate::http {
namespace {

using postgres::Scope;
using std::chrono::milliseconds;

postgres::ApiKey make_key(const std::string& secret, Scope scope) {
    postgres::ApiKey key;
    key.id = "key_" + secret;
    key.scopes = static_cast<std::uint8_t>(scope);
    key.digest = postgres::digest_of(secret);
    return key;
}

/// A database of keys that can be away.
class FakeKeys {
  public:
    void set(std::vector<postgres::ApiKey> keys) {
        MutexLock lock(mutex_);
        keys_ = std::move(keys);
    }
    void set_away(bool away) {
        MutexLock lock(mutex_);
        away_ = away;
    }
    int listed() {
        MutexLock lock(mutex_);
        return listed_;
    }
    KeyRing::List list() {
        return [this]() -> Result<std::vector<postgres::ApiKey>> {
            MutexLock lock(mutex_);
            ++listed_;
            if (away_) return failure(ErrorCode::unavailable, "away");
            return keys_;
        };
    }

  private:
    Mutex mutex_;
    std::vector<postgres::ApiKey> keys_ FG_GUARDED_BY(mutex_);
    bool away_ FG_GUARDED_BY(mutex_) = false;
    int listed_ FG_GUARDED_BY(mutex_) = 0;
};

void refresh(KeyRing& ring) {
    std::promise<void> done;
    ring.refresh([&] { done.set_value(); });
    done.get_future().wait();
}

constexpr milliseconds rarely{3'600'000};

TEST(KeyRing, KnowsLiveKeysOnly) {
    FakeKeys keys;
    auto revoked = make_key("old", Scope::admin);
    revoked.revoked_at = "2026-01-01T00:00:00Z";
    keys.set({make_key("a", Scope::read), revoked});
    KeyRing ring(keys.list(), rarely, "");
    ring.start();
    ASSERT_NE(ring.find(postgres::digest_of("a")), nullptr);
    EXPECT_EQ(ring.find(postgres::digest_of("a"))->id, "key_a");
    EXPECT_EQ(ring.find(postgres::digest_of("old")), nullptr);
    EXPECT_EQ(ring.find(postgres::digest_of("b")), nullptr);
    EXPECT_EQ(ring.find(postgres::digest_of("")), nullptr);
}

TEST(KeyRing, AdminMayEverything) {
    LiveKey key;
    key.scopes = static_cast<std::uint8_t>(Scope::admin);
    EXPECT_TRUE(key.may(Scope::authorize) && key.may(Scope::read) && key.may(Scope::admin));
    key.scopes = static_cast<std::uint8_t>(Scope::authorize);
    EXPECT_TRUE(key.may(Scope::authorize));
    EXPECT_FALSE(key.may(Scope::read));
    EXPECT_FALSE(key.may(Scope::admin));
}

TEST(KeyRing, TheBootstrapKeyIsAnAdmin) {
    FakeKeys keys;
    keys.set_away(true);
    KeyRing ring(keys.list(), rarely, "fg_bootstrap");
    ring.start();
    const auto key = ring.find(postgres::digest_of("fg_bootstrap"));
    ASSERT_NE(key, nullptr);
    EXPECT_TRUE(key->may(Scope::admin));
}

TEST(KeyRing, ARefreshFindsNewKeysAndForgetsRevokedOnes) {
    FakeKeys keys;
    keys.set({make_key("a", Scope::read)});
    KeyRing ring(keys.list(), rarely, "");
    ring.start();
    const auto generation = ring.generation();
    keys.set({make_key("b", Scope::read)});
    refresh(ring);
    EXPECT_EQ(ring.find(postgres::digest_of("a")), nullptr);
    EXPECT_NE(ring.find(postgres::digest_of("b")), nullptr);
    EXPECT_NE(ring.generation(), generation);
}

TEST(KeyRing, AChangedScopeIsAChange) {
    FakeKeys keys;
    keys.set({make_key("a", Scope::read)});
    KeyRing ring(keys.list(), rarely, "");
    ring.start();
    const auto before = ring.find(postgres::digest_of("a"));
    keys.set({make_key("a", Scope::admin)});
    refresh(ring);
    const auto after = ring.find(postgres::digest_of("a"));
    EXPECT_TRUE(after->may(Scope::admin));
    EXPECT_EQ(after->bucket, before->bucket);
}

TEST(KeyRing, KeepsTheLastKeysWhileTheDatabaseIsAway) {
    FakeKeys keys;
    keys.set({make_key("a", Scope::read)});
    KeyRing ring(keys.list(), rarely, "");
    ring.start();
    keys.set_away(true);
    refresh(ring);
    EXPECT_NE(ring.find(postgres::digest_of("a")), nullptr);
}

TEST(KeyRing, ManyUnknownKeysAskTheDatabaseOnce) {
    FakeKeys keys;
    KeyRing ring(keys.list(), rarely, "");
    ring.start();
    std::atomic<int> told{0};
    for (int i = 0; i < 100; ++i) ring.refresh([&] { ++told; });
    refresh(ring);
    EXPECT_EQ(told, 100);
    EXPECT_LE(keys.listed(), 3);
}

TEST(KeyRing, StoppingLeavesNobodyWaiting) {
    FakeKeys keys;
    KeyRing ring(keys.list(), rarely, "");
    ring.start();
    bool told = false;
    ring.refresh([&] { told = true; });
    ring.stop();
    EXPECT_TRUE(told);
    bool told_after = false;
    ring.refresh([&] { told_after = true; });
    EXPECT_TRUE(told_after);
}

}  // namespace
}  // namespace faregate::http
