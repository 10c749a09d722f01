// POST /v1/assets
#include "http/render.h"
#include "http/routes/operations.h"

namespace faregate::http {
namespace {

constexpr std::size_t symbol_characters_max = 16;

void read(Operation& operation, const RequestBody& body, std::optional<Problem>& fault) {
    ObjectReader reader(body, {"code", "scale", "name", "symbol"}, fault);
    ledger::CreateAsset command;
    command.code = reader.required_text("code", name_characters_max);
    if (!ledger::is_asset_code(command.code)) {
        reader.fail("code", "must be 1 to 64 characters of A-Z a-z 0-9 . _ : -");
    }
    command.scale = static_cast<Scale>(reader.required_integer("scale", 0, scale_max));
    command.name = reader.text("name", name_characters_max);
    command.symbol = reader.text("symbol", symbol_characters_max);
    operation.target = command.code;
    operation.command = std::move(command);
}

void render(const Operation& operation, const engine::Execution& done, JsonWriter& json) {
    const auto& command = std::get<ledger::CreateAsset>(operation.command);
    ledger::Asset asset;
    asset.code = command.code;
    asset.scale = command.scale;
    asset.name = command.name;
    asset.symbol = command.symbol;
    asset.created_at = done.receipt.at;
    asset.lsn = done.lsn;
    write_asset(json, asset);
}

}  // namespace

constinit const OperationType create_asset_operation{
    .name = "create_asset",
    .target_member = "",
    .scope = postgres::Scope::admin,
    .status = 201,
    .read = read,
    .render = render,
};

}  // namespace faregate::http
