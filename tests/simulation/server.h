#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "faregate/node/lease.h"
#include "faregate/node/node.h"
#include "faregate/node/projection.h"
#include "support/memory_database.h"
#include "support/memory_disk.h"
#include "support/memory_projection_store.h"

namespace faregate::simulation {

/// The machines around a server, which outlive it.
struct Surroundings {
    support::MemoryDisk& disk;
    support::MemoryDatabase& database;
    const Clock& clock;
    const MonotonicClock& monotonic_clock;
    std::uint64_t& journal_count;  ///< of all that were ever made, so that each has its own id
};

/// What a server process does, one step at a time: a node, its projection, and the answers that
/// wait until they may be given.
class Server {
  public:
    /// A request whose answer waits. The client is a number of the caller's.
    struct Waiting {
        int client = 0;
        Lsn lsn;
        bool until_applied = false;
    };

    Server(Surroundings surroundings, std::uint32_t stripes, Duration retention, bool new_journal);

    /// The steps of the start; to be called until they are done. Errors as of node::Node.
    static constexpr int start_step_count = 5;
    static constexpr int claim_step = 1;
    Status start_step(int step);

    void wait_until_durable(const Waiting& waiting) { waiting_.push_back(waiting); }
    /// Takes out what may be answered now.
    std::vector<Waiting> take_answerable();
    bool anything_waits() const noexcept { return !waiting_.empty(); }

    /// What something does all the time as long as the process is not stopped.
    void beat() { lease_.beat(); }
    bool in_doubt() const { return lease_.in_doubt(); }

    /// A step of the journal's writer, of its preparer, and of the projector.
    bool write() { return node_.journal().write_once(); }
    void prepare() { static_cast<void>(node_.journal().prepare_once()); }
    void project();

    /// The process ended itself: the journal could not be written, or the projection is at an end.
    bool dead() const noexcept { return dead_; }
    const std::string& cause() const noexcept { return cause_; }
    bool fenced() const noexcept { return fenced_; }

    node::Node& node() noexcept { return node_; }
    node::Projection& projection() noexcept { return *projection_; }
    support::MemoryProjectionStore& store() noexcept { return store_; }

  private:
    node::NodeOptions options(
        std::uint32_t stripes, Duration retention, bool new_journal, std::uint64_t& journal_count
    );

    support::MemoryProjectionStore store_;
    node::Lease lease_;
    node::Node node_;
    std::unique_ptr<node::Projection> projection_;
    std::vector<Waiting> waiting_;
    bool dead_ = false;
    bool fenced_ = false;
    std::string cause_;
};

}  // namespace faregate::simulation
