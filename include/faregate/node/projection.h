#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "faregate/engine/projector.h"
#include "faregate/engine/watermark.h"
#include "faregate/node/lease.h"

namespace faregate::node {

/// Keeps the store up to date with the journal, one step at a time: moves what is durable, and
/// notices when the store has fallen back or has another owner. One thread at a time.
///
/// Errors of both calls: `unavailable`, the store is away, to be called again; all others are
/// final.
class Projection {
  public:
    /// Everything must outlive this object. What the store answers confirms the lease.
    Projection(
        engine::ProjectionStore& store, engine::OpenReader open_reader,
        const engine::Watermark& durable, engine::Watermark& applied, Lease& lease
    );
    ~Projection();

    /// Whether a step would find something to move.
    bool behind() const { return moved() < durable_.value(); }
    /// What the store said last; falls when the store has fallen back. Any thread.
    Lsn moved() const noexcept { return Lsn{moved_.load()}; }

    /// Moves at most one batch and publishes what is applied.
    Status step();
    /// Asks the store where it stands. To be called every now and then while nothing is to be
    /// moved: an idle server, too, has to notice that it lost the ownership (`fenced`), or that a
    /// fail-over has lost commits, which later steps then repeat.
    Status watch();

  private:
    engine::ProjectionStore& store_;
    const engine::OpenReader open_reader_;
    const engine::Watermark& durable_;
    engine::Watermark& applied_;
    Lease& lease_;
    std::unique_ptr<engine::Projector> projector_;
    std::atomic<std::uint64_t> moved_;
};

}  // namespace faregate::node
