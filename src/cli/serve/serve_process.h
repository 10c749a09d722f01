#pragma once

#include <prometheus/registry.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/serve/periodic_thread.h"
#include "cli/serve/projector_thread.h"
#include "cli/serve/server_metrics.h"
#include "cli/serve/signals.h"
#include "cli/settings.h"
#include "faregate/core/time.h"
#include "faregate/http/server.h"
#include "faregate/journal/posix_disk.h"
#include "faregate/node/lease.h"
#include "faregate/node/node.h"
#include "faregate/postgres/queries.h"

namespace faregate::cli {

/// `faregate serve`: makes the parts, joins them, and ends them in order. Main thread only.
class ServeProcess {
  public:
    ServeProcess(Settings settings, bool new_journal);
    ~ServeProcess();

    /// Returns the exit code after SIGTERM or SIGINT, or the error that kept it from starting.
    Result<int> run();

  private:
    // The steps of run(), in their order.
    void make_store();
    Status start_node();
    Status start_serving();
    void shut_down();

    Status prepare_database();
    void log_journal() const;
    Status load_state();
    Status replay_journal();
    /// Gives a predecessor that may still run the time to notice this server.
    Status take_over();
    /// Repeats the call while PostgreSQL is away and nobody asks to stop.
    Status with_database(const std::function<Status()>& call);
    Status log_replay(Lsn lsn);
    void start_threads();
    void keep_house();
    node::NodeOptions node_options();
    http::ServerOptions server_options() const;
    http::Health health();
    std::vector<std::string> not_ready() const;
    void update_metrics();

    const Settings settings_;
    const bool new_journal_;
    const std::string database_name_;
    std::uint32_t connections_max_ = 0;
    Signals signals_;
    const SystemClock clock_;
    const BootClock boot_clock_;

    // In the order in which they are made; the end of the process destroys them in reverse.
    prometheus::Registry registry_;
    ServerMetrics metrics_{registry_};
    std::unique_ptr<journal::PosixDirectory> directory_;
    std::unique_ptr<engine::ProjectionStore> store_;
    std::unique_ptr<node::Node> node_;
    std::unique_ptr<node::Lease> lease_;
    std::unique_ptr<PeriodicThread> heartbeat_;
    std::unique_ptr<postgres::Queries> queries_;
    std::unique_ptr<ProjectorThread> projector_;
    std::unique_ptr<PeriodicThread> sweeper_;
    std::unique_ptr<PeriodicThread> housekeeper_;
    std::unique_ptr<http::Server> server_;

    std::chrono::steady_clock::time_point replay_logged_at_;
    std::chrono::steady_clock::time_point files_removed_at_;
    std::chrono::steady_clock::time_point prepared_seen_at_;
    std::atomic<bool> disk_full_{false};
};

}  // namespace faregate::cli
