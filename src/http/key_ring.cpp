#include "http/key_ring.h"

#include <openssl/crypto.h>
#include <spdlog/spdlog.h>

#include <cstring>
#include <utility>

namespace faregate::http {
namespace {

using Clock = std::chrono::steady_clock;
// However many unknown keys are shown, the database is not asked more often than this.
constexpr std::chrono::milliseconds pause_min{250};

LiveKeyPtr make_live(const postgres::ApiKey& key, std::shared_ptr<TokenBucket> bucket) {
    LiveKey live;
    live.id = key.id;
    live.scopes = key.scopes;
    live.digest = key.digest;
    live.bucket = std::move(bucket);
    return std::make_shared<const LiveKey>(std::move(live));
}

}  // namespace

bool LiveKey::may(postgres::Scope scope) const noexcept {
    const auto wanted =
        static_cast<unsigned>(scope) | static_cast<unsigned>(postgres::Scope::admin);
    return (scopes & wanted) != 0;
}

std::size_t KeyRing::DigestHash::operator()(const postgres::KeyDigest& digest) const noexcept {
    std::size_t hash = 0;
    std::memcpy(&hash, digest.data(), sizeof hash);
    return hash;
}

KeyRing::KeyRing(List list, std::chrono::milliseconds interval, const std::string& bootstrap_key)
    : list_(std::move(list)), interval_(interval), table_(std::make_shared<const Table>()) {
    if (bootstrap_key.empty()) return;
    postgres::ApiKey key;
    key.id = "bootstrap";
    key.scopes = static_cast<std::uint8_t>(postgres::Scope::admin);
    key.digest = postgres::digest_of(bootstrap_key);
    bootstrap_ = make_live(key, std::make_shared<TokenBucket>());
}

KeyRing::~KeyRing() { stop(); }

void KeyRing::start() {
    load();
    thread_ = std::thread([this] { run(); });
}

void KeyRing::stop() {
    std::vector<std::function<void()>> waiting;
    {
        MutexLock lock(mutex_);
        stopping_ = true;
        changed_.notify_all();
    }
    if (thread_.joinable()) thread_.join();
    {
        MutexLock lock(mutex_);
        waiting.swap(waiting_);
    }
    for (const auto& done : waiting) done();
}

LiveKeyPtr KeyRing::find(const postgres::KeyDigest& digest) const {
    std::shared_ptr<const Table> table;
    {
        MutexLock lock(mutex_);
        table = table_;
    }
    const auto same = [&](const LiveKeyPtr& key) {
        return CRYPTO_memcmp(key->digest.data(), digest.data(), digest.size()) == 0;
    };
    if (bootstrap_ != nullptr && same(bootstrap_)) return bootstrap_;
    const auto found = table->find(digest);
    return found != table->end() && same(found->second) ? found->second : nullptr;
}

void KeyRing::refresh(std::function<void()> done) {
    {
        MutexLock lock(mutex_);
        if (!stopping_) {
            waiting_.push_back(std::move(done));
            changed_.notify_all();
            return;
        }
    }
    done();
}

void KeyRing::run() {
    auto last = Clock::now();
    for (;;) {
        std::vector<std::function<void()>> waiting;
        {
            MutexLock lock(mutex_);
            for (;;) {
                if (stopping_) return;
                const auto passed = Clock::now() - last;
                const auto due = waiting_.empty() ? interval_ : std::min(interval_, pause_min);
                if (passed >= due) break;
                changed_.wait_for(mutex_, due - passed);
            }
            waiting.swap(waiting_);
        }
        last = Clock::now();
        load();
        for (const auto& done : waiting) done();
    }
}

void KeyRing::load() {
    auto keys = list_();
    if (!keys) {
        if (!std::exchange(failing_, true)) {
            spdlog::warn(
                "cannot list the API keys, the last known ones stay valid: {}", keys.error().message
            );
        }
        return;
    }
    failing_ = false;
    std::shared_ptr<const Table> before;
    {
        MutexLock lock(mutex_);
        before = table_;
    }
    auto table = std::make_shared<Table>();
    bool changed = false;
    for (const postgres::ApiKey& key : *keys) {
        if (key.revoked_at) continue;
        const auto known = before->find(key.digest);
        const bool same = known != before->end() && known->second->scopes == key.scopes;
        changed = changed || !same;
        table->emplace(
            key.digest, same ? known->second
                             : make_live(
                                   key, known != before->end() ? known->second->bucket
                                                               : std::make_shared<TokenBucket>()
                               )
        );
    }
    if (!changed && table->size() == before->size()) return;
    MutexLock lock(mutex_);
    table_ = std::move(table);
    generation_.fetch_add(1);
}

}  // namespace faregate::http
