#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "faregate/ledger/asset.h"
#include "postgres/pqxx_compat.h"

namespace faregate::postgres {

/// The codes and scales of the assets in the database: what it takes to write amounts in asset
/// units and to read them back. Functions throw Failure `corruption` on what does not fit.
class AssetTable {
  public:
    /// Reads all assets anew.
    void read(pqxx::transaction_base& transaction);
    /// Precondition: the asset's index is the next one.
    void add(const ledger::Asset& asset);

    const std::string& code(ledger::AssetIndex index) const { return at(index).code; }
    ledger::AssetIndex index(std::string_view code) const;
    std::string write(ledger::AssetIndex index, Amount amount) const {
        return amount.to_string(at(index).scale);
    }
    Amount read(ledger::AssetIndex index, std::string_view text) const;
    const std::vector<ledger::Asset>& all() const noexcept { return assets_; }

  private:
    const ledger::Asset& at(ledger::AssetIndex index) const;

    std::vector<ledger::Asset> assets_;
    std::map<std::string, ledger::AssetIndex, std::less<>> by_code_;
};

}  // namespace faregate::postgres
