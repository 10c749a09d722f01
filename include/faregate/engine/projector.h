#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "faregate/core/lsn.h"
#include "faregate/core/result.h"
#include "faregate/engine/projection.h"

namespace faregate::journal {
class JournalReader;
}

namespace faregate::engine {

/// Reads the records after an LSN; opened anew whenever the projector has to go back.
using OpenReader = std::function<Result<std::unique_ptr<journal::JournalReader>>(Lsn first)>;

/// Carries the journal into the store, batch by batch, exactly once. One thread at a time.
class Projector {
  public:
    struct Options {
        std::uint32_t batch_records_max = 50'000;
        std::uint64_t batch_bytes_max = 64 << 20;  ///< of records as the journal has them
    };

    Projector(ProjectionStore& store, OpenReader open_reader, Options options);
    ~Projector();

    /// Moves at most one batch of records up to `durable` into the store and returns the LSN up to
    /// which the store has everything. After an `unavailable` error the next call asks the store
    /// where it stands, so that a commit whose answer was lost is neither repeated nor skipped, and
    /// a store that has fallen back is caught up. Other errors are final.
    Result<Lsn> step(Lsn durable);

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace faregate::engine
