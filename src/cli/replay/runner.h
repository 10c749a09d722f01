#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "cli/replay/http_connection.h"
#include "cli/replay/plan.h"
#include "cli/replay/report.h"

namespace faregate::cli {

struct RunnerOptions {
    ServerAddress server;
    std::string api_key;
    std::uint32_t connections = 64;
    std::string grant_amount;  ///< for each wallet
    std::uint32_t speed = 0;   ///< times as fast as it once was; 0: as fast as the server answers
    bool terminal = false;     ///< standard error is one
};

/// Drives a server with a plan over many keep-alive connections, all on the calling thread.
/// The plan must outlive the runner.
class ReplayRunner {
  public:
    ReplayRunner(const ReplayPlan& plan, RunnerOptions options);
    ~ReplayRunner();

    /// Creates what the plan needs and the server lacks: the asset, the wallets, their grants.
    /// Doing it again changes nothing. The message of an error says what to do.
    Status prepare();

    /// Replays all rows and asks for the audit. SIGINT and SIGTERM end it early.
    ReplayReport run();

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace faregate::cli
