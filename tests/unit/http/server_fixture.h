#pragma once

#include <gtest/gtest.h>
#include <prometheus/registry.h>

#include <atomic>
#include <memory>
#include <string>

#include "faregate/engine/engine.h"
#include "faregate/engine/watermark.h"
#include "faregate/http/server.h"
#include "faregate/postgres/queries.h"
#include "raw_client.h"
#include "support/manual_clock.h"
#include "support/memory_log.h"

namespace faregate::http {

/// A log whose records are durable at once, or when the test says so.
class TestLog final : public engine::MutationLog {
  public:
    explicit TestLog(engine::Watermark& durable) : durable_(durable) {}

    Result<Lsn> append(std::string_view record) override {
        auto lsn = log.append(record);
        if (lsn && !holding_) durable_.publish(*lsn);
        return lsn;
    }
    Lsn applied_lsn() const override { return log.applied_lsn(); }
    void hold() { holding_ = true; }
    void release() {
        holding_ = false;
        durable_.publish(log.last());
    }

    support::MemoryLog log;

  private:
    engine::Watermark& durable_;
    std::atomic<bool> holding_{false};
};

/// A server over an engine in memory, with real sockets. There is no PostgreSQL.
///
/// Keys: `admin`, `reader` and `spender`. After set_up(): assets USD (2) and TOKENS (0), and the
/// wallet `acme` with 100 USD.
class ServerTest : public testing::Test {
  protected:
    ServerTest() {
        options.port = 0;
        options.threads = 2;
        options.query_threads = 1;
        options.stop_timeout_ms = 2000;
        options.durability_timeout_ms = 50;
    }

    void start();
    void set_up();

    RawClient connect() { return RawClient(server->port()); }
    /// One request on a connection of its own.
    RawReply call(
        std::string_view method, std::string_view target, std::string_view body = "",
        std::string_view headers = "", std::string_view key = "admin"
    );
    static std::string request(
        std::string_view method, std::string_view target, std::string_view body,
        std::string_view headers = "", std::string_view key = "admin"
    );
    static std::string authorize_body(std::string_view amount) {
        return R"({"wallet":"acme","asset":"USD","amount":")" + std::string(amount) + "\"}";
    }

    ServerOptions options;
    support::ManualClock clock;
    engine::Watermark durable;
    engine::Watermark applied;
    TestLog log{durable};
    engine::Engine engine{clock, log, {}};
    postgres::Queries queries{"postgresql://127.0.0.1:1/none", 1};
    prometheus::Registry registry;
    std::atomic<bool> database_reachable{true};
    std::atomic<bool> owner{true};
    std::atomic<bool> ready{true};
    std::unique_ptr<Server> server;
};

inline postgres::ApiKey test_key(const std::string& secret, postgres::Scope scope) {
    postgres::ApiKey key;
    key.id = "key_" + secret;
    key.scopes = static_cast<std::uint8_t>(scope);
    key.digest = postgres::digest_of(secret);
    return key;
}

inline void ServerTest::start() {
    Health health;
    health.not_ready = [this] {
        return ready ? std::vector<std::string>{} : std::vector<std::string>{"not yet"};
    };
    health.owns_database = [this] { return owner.load(); };
    health.database_reachable = [this] { return database_reachable.load(); };
    health.appended_lsn = [this] { return log.log.last(); };
    const auto list_keys = []() -> Result<std::vector<postgres::ApiKey>> {
        return std::vector<postgres::ApiKey>{
            test_key("admin", postgres::Scope::admin), test_key("reader", postgres::Scope::read),
            test_key("spender", postgres::Scope::authorize)};
    };
    server = std::make_unique<Server>(
        options,
        Dependencies{
            engine, durable, applied, queries, registry, std::move(health), list_keys, nullptr}
    );
    const auto status = server->start();
    ASSERT_TRUE(status) << status.error().message;
}

inline void ServerTest::set_up() {
    start();
    ASSERT_EQ(call("POST", "/v1/assets", R"({"code":"USD","scale":2})").status, 201);
    ASSERT_EQ(call("POST", "/v1/assets", R"({"code":"TOKENS","scale":0})").status, 201);
    ASSERT_EQ(call("POST", "/v1/wallets", R"({"id":"acme"})").status, 201);
    ASSERT_EQ(
        call("POST", "/v1/wallets/acme/grants", R"({"asset":"USD","amount":"100"})").status, 201
    );
}

inline std::string ServerTest::request(
    std::string_view method, std::string_view target, std::string_view body,
    std::string_view headers, std::string_view key
) {
    std::string text = std::string(method) + " " + std::string(target) + " HTTP/1.1\r\nHost: x\r\n";
    if (!key.empty()) text += "Authorization: Bearer " + std::string(key) + "\r\n";
    if (!body.empty()) text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    return text + std::string(headers) + "\r\n" + std::string(body);
}

inline RawReply ServerTest::call(
    std::string_view method, std::string_view target, std::string_view body,
    std::string_view headers, std::string_view key
) {
    RawClient client = connect();
    client.send(request(method, target, body, headers, key));
    return client.read(method == "HEAD");
}

}  // namespace faregate::http
