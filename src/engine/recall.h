#pragma once

#include "engine/idempotency_table.h"
#include "faregate/core/result.h"
#include "faregate/engine/engine.h"

namespace faregate::engine {

/// The answer that is on record for a key: the first one's, or that the key was reused.
Result<Execution> recall(const IdempotencyTable::Found& found, AssetCataloguePtr assets);

}  // namespace faregate::engine
