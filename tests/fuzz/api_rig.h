#pragma once

#include <prometheus/registry.h>

#include <optional>
#include <string>
#include <string_view>

#include "faregate/engine/engine.h"
#include "faregate/postgres/queries.h"
#include "fuzz/base_state.h"
#include "http/io_thread.h"
#include "http/services.h"
#include "support/manual_clock.h"
#include "support/memory_log.h"

namespace faregate::fuzz {

/// Everything that the HTTP API needs, on one thread and without PostgreSQL: the routes, an engine
/// with some state, and an I/O thread whose loop the caller runs. One secret, `admin`, may all.
///
/// Made once and emptied for every input, since the routes take long to make and an engine does
/// not. Nothing waits for a disk: everything is durable before it happens.
class ApiRig {
  public:
    explicit ApiRig(http::ServerOptions options = {});

    /// A new engine with the base state.
    void reset();

    std::string with_ids(std::string_view text) const { return base_->with_ids(text); }
    support::MemoryLog& log() { return *log_; }
    engine::Engine& engine() { return *engine_; }
    http::Services& services() { return *services_; }
    http::IoThread& thread() { return *thread_; }

    support::ManualClock clock;

  private:
    void make_engine();

    engine::Watermark durable_;
    engine::Watermark applied_;
    // Made anew in the same place, which the services keep referring to.
    std::optional<support::MemoryLog> log_;
    std::optional<engine::Engine> engine_;
    postgres::Queries queries_{"postgresql://127.0.0.1:1/none", 1};
    prometheus::Registry registry_;
    std::optional<http::Services> services_;
    std::optional<http::IoThread> thread_;
    std::optional<BaseState> base_;
};

}  // namespace faregate::fuzz
