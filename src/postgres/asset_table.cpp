#include "postgres/asset_table.h"

#include "postgres/error.h"
#include "postgres/text.h"

namespace faregate::postgres {

void AssetTable::read(pqxx::transaction_base& transaction) {
    assets_.clear();
    by_code_.clear();
    const auto rows = transaction.exec(
        "SELECT code, asset_index, scale, name, symbol, " + micros_of("created_at") +
        ", lsn FROM assets ORDER BY asset_index"
    );
    for (const auto& row : rows) {
        ledger::Asset asset;
        asset.code = row[0].c_str();
        asset.index.value = static_cast<std::uint32_t>(read_number(row[1].c_str()));
        asset.scale = static_cast<Scale>(read_number(row[2].c_str()));
        asset.name = row[3].c_str();
        asset.symbol = row[4].c_str();
        asset.created_at = read_timestamp(row[5].c_str());
        asset.lsn.value = read_number(row[6].c_str());
        add(asset);
    }
}

void AssetTable::add(const ledger::Asset& asset) {
    if (asset.index.value != assets_.size()) {
        throw Failure(
            ErrorCode::corruption, "asset " + asset.code + " has index " +
                                       std::to_string(asset.index.value) + ", the next one is " +
                                       std::to_string(assets_.size())
        );
    }
    assets_.push_back(asset);
    by_code_.emplace(asset.code, asset.index);
}

ledger::AssetIndex AssetTable::index(std::string_view code) const {
    const auto found = by_code_.find(code);
    if (found == by_code_.end()) {
        throw Failure(ErrorCode::corruption, "a row names the unknown asset " + std::string(code));
    }
    return found->second;
}

Amount AssetTable::read(ledger::AssetIndex index, std::string_view text) const {
    auto amount = Amount::parse(text, at(index).scale);
    if (!amount) throw Failure(amount.error().code, amount.error().message);
    return *amount;
}

const ledger::Asset& AssetTable::at(ledger::AssetIndex index) const {
    if (index.value >= assets_.size()) {
        throw Failure(
            ErrorCode::corruption, "a row names the unknown asset " + std::to_string(index.value)
        );
    }
    return assets_[index.value];
}

}  // namespace faregate::postgres
