#pragma once

#include <memory>
#include <string>

#include "faregate/engine/projection.h"

namespace faregate::postgres {

/// Applies migrations/*.sql that the database lacks, in order, each in a transaction, under an
/// advisory lock. Returns the names of those applied now. `invalid_argument` if the database was
/// migrated by a newer version, or an applied migration differs from the one in this binary.
Result<std::vector<std::string>> migrate(const std::string& database_url);

/// The projection in PostgreSQL. Connects when first used and again after a failure.
std::unique_ptr<engine::ProjectionStore> make_store(std::string database_url);

}  // namespace faregate::postgres
