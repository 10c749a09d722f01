#include "faregate/ledger/asset.h"

#include <algorithm>
#include <utility>

#include "faregate/core/assert.h"

namespace faregate::ledger {

bool is_asset_code(std::string_view code) noexcept {
    return !code.empty() && code.size() <= 64 && std::all_of(code.begin(), code.end(), [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
               c == '.' || c == '_' || c == ':' || c == '-';
    });
}

void AssetCatalogue::add(Asset asset) {
    FG_ASSERT(asset.index.value == assets_.size(), "assets are numbered without gaps");
    FG_ASSERT(asset.scale <= scale_max, "scale out of range");
    const bool added = by_code_.emplace(asset.code, asset.index).second;
    FG_ASSERT(added, "an asset was created twice");
    assets_.push_back(std::move(asset));
}

const Asset* AssetCatalogue::find(std::string_view code) const {
    const auto found = by_code_.find(code);
    return found == by_code_.end() ? nullptr : &at(found->second);
}

const Asset& AssetCatalogue::at(AssetIndex index) const {
    FG_ASSERT(index.value < assets_.size(), "unknown asset index");
    return assets_[index.value];
}

}  // namespace faregate::ledger
