#pragma once

#include <chrono>
#include <set>
#include <string>

#include "faregate/engine/projection.h"
#include "postgres/pqxx_compat.h"

namespace faregate::postgres {

/// Makes the monthly partitions of `entries` before they are needed.
class Partitions {
  public:
    /// Makes those of the batch's entries, and of the month after its last record. Each is a short
    /// transaction of its own. One that cannot be had now (a long reader is in the way) is left for
    /// later: until then its entries go to the default partition. Throws if the connection fails.
    void prepare(pqxx::connection& connection, const engine::ProjectionBatch& batch);

    void forget() { known_.clear(); }

  private:
    std::set<std::string> known_;  ///< first days of months
    std::chrono::steady_clock::time_point retry_at_{};
};

}  // namespace faregate::postgres
