#pragma once

#include <nlohmann/json_fwd.hpp>

#include "faregate/core/lsn.h"
#include "faregate/engine/record.h"
#include "faregate/ledger/asset.h"

namespace faregate::cli {

/// Journal records as JSON in the words of the API. Remembers the assets that go by, so that later
/// amounts are in asset units; where an asset is not known (its record is in a file that was
/// removed), its index and the units stand instead.
class RecordPrinter {
  public:
    nlohmann::ordered_json print(Lsn lsn, Epoch epoch, const engine::Record& record);

  private:
    class Writer;
    ledger::AssetCatalogue assets_;
};

}  // namespace faregate::cli
