#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "faregate/core/amount.h"
#include "faregate/core/lsn.h"
#include "faregate/core/time.h"

namespace faregate::ledger {

/// The number of an asset in the order of creation, from 0. Stands for the asset's code wherever
/// many are stored.
struct AssetIndex {
    std::uint32_t value = 0;
    friend constexpr auto operator<=>(AssetIndex, AssetIndex) = default;
};

/// Something a wallet can hold. Its scale is fixed once and for all.
struct Asset {
    AssetIndex index;
    std::string code;  ///< 1 to 64 characters of `A-Z a-z 0-9 . _ : -`
    Scale scale = 0;
    std::string name;    ///< for people; may be empty
    std::string symbol;  ///< for people, such as "$"; may be empty
    Timestamp created_at;
    Lsn lsn;
};

bool is_asset_code(std::string_view code) noexcept;

/// All assets. Grows only: neither an index nor a scale ever changes.
/// Not synchronized; the engine shares immutable copies.
class AssetCatalogue {
  public:
    /// Precondition: the asset's index is size() and its code is new.
    void add(Asset asset);
    const Asset* find(std::string_view code) const;
    /// Precondition: index.value < size().
    const Asset& at(AssetIndex index) const;
    std::size_t size() const noexcept { return assets_.size(); }
    const std::vector<Asset>& all() const noexcept { return assets_; }

  private:
    std::vector<Asset> assets_;
    std::map<std::string, AssetIndex, std::less<>> by_code_;
};

}  // namespace faregate::ledger
