#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "faregate/core/id.h"
#include "faregate/engine/engine.h"
#include "faregate/engine/projection.h"
#include "faregate/engine/watermark.h"
#include "faregate/journal/disk.h"
#include "faregate/journal/journal.h"
#include "faregate/journal/reader.h"
#include "faregate/journal/recovery.h"

namespace faregate::node {

class JournalLog;
struct OwnershipPlan;

struct NodeOptions {
    engine::EngineOptions engine;     ///< but for the epoch, which the store gives
    journal::JournalOptions journal;  ///< but for on_durable, which the node needs
    /// While the store lacks more records than this, new ones are refused.
    std::uint64_t backlog_max = 10'000'000;
    /// Begin a new journal in place of the one that the store belongs to.
    bool new_journal = false;
    /// The id of a journal that has to be made; unique in the world.
    std::function<JournalId()> make_journal_id;
};

/// A server's ledger: an engine whose records go to a journal, begun from what a store and that
/// journal have. It has no threads and no network, does nothing on its own, and knows the outside
/// only as a directory, a store and a clock; so a simulation runs what a server runs.
///
/// The steps of the start are called in the order in which they stand here. An `unavailable` error
/// of claim() or load() comes from the store: the same call may be made again, later. All other
/// errors are final, and say what to do.
class Node {
  public:
    /// All must outlive the node.
    Node(
        journal::Directory& directory, engine::ProjectionStore& store, const Clock& clock,
        NodeOptions options
    );
    ~Node();

    /// Locks the directory, and finds what journal it has.
    Status take_directory();
    /// Whether claim() would be refused. Changes nothing, and the store need not be migrated yet.
    Status check();
    /// Becomes the owner of the store, if journal and store belong together. Makes a journal where
    /// there is none.
    Status claim();
    /// Opens the journal for writing.
    Status open_journal();
    /// Loads the store's state into the engine.
    Status load();
    /// Replays what the store lacks, and calls `progress` after every record; an error of it ends
    /// the start. Then everything found is durable, and the engine can be used.
    Status replay(const std::function<Status(Lsn)>& progress = {});

    /// Stops the journal if it was opened: see Journal::stop().
    void stop();

    /// Valid after the steps above.
    engine::Engine& engine();
    journal::Journal& journal();
    const engine::Claim& ownership() const noexcept { return claim_; }
    /// Valid after claim(): the owner before may still run, and must be given Lease::handover to
    /// notice. False if it locked this very directory, and so has ended. To be given before the
    /// journal is opened: its epoch in there says to later starts that this has been done, even if
    /// this server ends before it has answered anything.
    bool predecessor_may_live() const noexcept { return predecessor_may_live_; }
    /// What the journal had at the start; nothing before a journal is found or made.
    const std::optional<journal::Recovery>& recovery() const noexcept { return recovery_; }
    engine::Watermark& durable() noexcept { return durable_; }
    engine::Watermark& applied() noexcept { return applied_; }
    /// For a Projection.
    Result<std::unique_ptr<journal::JournalReader>> open_reader(Lsn first) const;

    /// Durable records that the store lacks. Thread-safe.
    std::uint64_t backlog() const noexcept;
    bool backlog_full() const noexcept;

  private:
    Status scan();
    Result<OwnershipPlan> plan(const std::optional<engine::Claim>& stored) const;
    Status check_fits(const engine::Claim& stored) const;
    bool may_live(const engine::Claim& predecessor) const;
    Status make_journal(const JournalId& id, Lsn first);
    Status create_journal(const JournalId& id, Lsn first);

    journal::Directory& directory_;
    engine::ProjectionStore& store_;
    const Clock& clock_;
    NodeOptions options_;

    // In the order in which they are made.
    std::unique_ptr<journal::DirectoryLock> lock_;
    std::optional<journal::Recovery> recovery_;
    engine::Claim claim_;
    bool predecessor_may_live_ = false;
    engine::Watermark durable_;
    engine::Watermark applied_;
    std::unique_ptr<journal::Journal> journal_;
    std::unique_ptr<JournalLog> log_;
    std::unique_ptr<engine::Engine> engine_;
};

}  // namespace faregate::node
