#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "faregate/core/lsn.h"
#include "faregate/core/result.h"
#include "faregate/postgres/keys.h"

namespace prometheus {
class Registry;
}
namespace faregate::engine {
class Engine;
class Watermark;
}  // namespace faregate::engine
namespace faregate::postgres {
class Queries;
}

namespace faregate::http {

/// What a reply waits for: the journal's sync, or the commit of the projection in PostgreSQL.
enum class Durability : std::uint8_t { journal, postgres };

const char* to_string(Durability durability) noexcept;

struct ServerOptions {
    std::string host = "127.0.0.1";  ///< a name or an address
    std::uint16_t port = 8080;       ///< 0: any free port, see Server::port
    std::uint32_t threads = 1;       ///< I/O threads; requests are executed on them
    /// Threads that wait for PostgreSQL; the Queries should have as many connections.
    std::uint32_t query_threads = 4;

    std::uint64_t body_bytes_max = 1024 * 1024;
    std::uint32_t header_bytes_max = 16 * 1024;
    std::uint32_t header_timeout_ms = 10'000;  ///< from a request's first byte to its last header
    std::uint32_t body_timeout_ms = 30'000;
    std::uint32_t idle_timeout_ms = 60'000;   ///< between two requests of one connection
    std::uint32_t write_timeout_ms = 30'000;  ///< for the client to take one answer
    std::uint32_t connections_max = 10'000;
    /// What all connections together may hold for requests and answers that are larger than most;
    /// past it, such requests get 503.
    std::uint64_t request_memory_bytes = std::uint64_t{256} << 20;
    std::uint32_t stop_timeout_ms = 10'000;  ///< how long stop() lets requests finish

    /// Requests per second of one key, with bursts of one second's worth; 0: no limit.
    std::uint32_t rate_limit = 0;
    /// The least that a reply waits for. A request may ask for more, never for less.
    Durability durability = Durability::journal;
    /// How long a reply waits for PostgreSQL: `postgres` durability and read-your-writes.
    std::uint32_t durability_timeout_ms = 10'000;
    /// A secret that is an admin key without being stored; empty: none.
    std::string bootstrap_key;
    std::uint32_t key_refresh_ms = 2'000;
};

/// What the server asks about its surroundings. Called on any thread, often; must be quick and must
/// not block. Every member must be set.
struct Health {
    /// Why the server should get no traffic, as sentences; empty if it should.
    std::function<std::vector<std::string>()> not_ready;
    /// What was known last about the connection to PostgreSQL.
    std::function<bool()> database_reachable;
    /// Whether this server may answer for the money: false while it is in doubt whether another
    /// one has taken over. Asked before each request and before each answer.
    std::function<bool()> owns_database;
    /// The LSN of the record that the engine appended last, durable or not. The audit compares
    /// memory with the projection only where this stands still.
    std::function<Lsn()> appended_lsn;
};

/// Everything that the server uses and does not own; all of it must outlive the server. Every
/// member must be set, but `before_scrape`.
struct Dependencies {
    engine::Engine& engine;
    engine::Watermark& durable;
    engine::Watermark& applied;
    postgres::Queries& queries;
    prometheus::Registry& registry;
    Health health;
    /// All keys, revoked ones too. Blocks, on a thread of the server's own.
    std::function<Result<std::vector<postgres::ApiKey>>()> list_keys;
    /// Called before `registry` is collected for GET /metrics, to bring gauges up to date.
    std::function<void()> before_scrape;
};

/// The HTTP API. Every reply waits until what it says is durable.
///
/// start() and stop() belong to one thread; everything else happens on threads of the server's own.
class Server {
  public:
    Server(ServerOptions options, Dependencies dependencies);
    /// Stops, if that was not done before.
    ~Server();

    /// Loads the keys, listens and serves. Fails with `invalid_argument` for an address that cannot
    /// be used, and with `io` for one that is in use. Keys that cannot be loaded are no failure:
    /// the server goes on asking for them.
    Status start();

    /// The port that the server listens on. Precondition: start() succeeded.
    std::uint16_t port() const noexcept;

    /// Stops accepting, lets requests that have begun finish (for stop_timeout_ms at most), closes
    /// all connections and joins the threads. The engine, journal and watermarks must still run.
    /// Calling it again does nothing.
    void stop();

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace faregate::http
