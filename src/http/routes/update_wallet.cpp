// PATCH /v1/wallets/{id}
#include "http/routes/operations.h"

namespace faregate::http {
namespace {

void read(Operation& operation, const RequestBody& body, std::optional<Problem>& fault) {
    ObjectReader reader(
        body, {"status", "over_capture", "overdraft_limits", "name", "metadata"}, fault
    );
    ledger::UpdateWallet command;
    command.status =
        reader.optional_choice("status", ledger::parse_wallet_status, "active or frozen");
    command.over_capture =
        reader.optional_choice("over_capture", ledger::parse_over_capture, "reject, cap or debt");
    command.overdraft_limits = reader.amounts_by_asset("overdraft_limits");
    command.name = reader.optional_text("name", name_characters_max);
    command.metadata = reader.optional_metadata();
    if (body.value.size() == 0) {
        reader.fail("status", "or another member is required: the request changes nothing.");
    }
    const auto wallet = target_wallet(operation, operation.target);
    if (wallet) command.wallet = *wallet;
    operation.command = std::move(command);
}

}  // namespace

// The route answers with the wallet as it then is, so there is nothing to render from the receipt.
constinit const OperationType update_wallet_operation{
    .name = "update_wallet",
    .target_member = "wallet",
    .scope = postgres::Scope::admin,
    .status = 200,
    .read = read,
    .render = [](const Operation&, const engine::Execution&, JsonWriter& json) { json.null(); },
};

}  // namespace faregate::http
