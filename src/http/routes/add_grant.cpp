// POST /v1/wallets/{id}/grants
#include "http/render.h"
#include "http/routes/operations.h"

namespace faregate::http {
namespace {

void read(Operation& operation, const RequestBody& body, std::optional<Problem>& fault) {
    ObjectReader reader(
        body, {"asset", "amount", "kind", "priority", "effective_at", "expires_at", "metadata"},
        fault
    );
    ledger::AddGrant command;
    command.amount.asset = reader.asset("asset");
    command.amount.amount = reader.required_amount("amount");
    command.kind =
        reader.optional_choice("kind", ledger::parse_grant_kind, "paid, promotional or recurring")
            .value_or(ledger::GrantKind::paid);
    command.priority =
        static_cast<std::uint8_t>(reader.optional_integer("priority", 0, ledger::grant_priority_max)
                                      .value_or(ledger::grant_priority_default));
    command.effective_at = reader.optional_time("effective_at");
    command.expires_at = reader.optional_time("expires_at");
    command.metadata = reader.metadata();
    const auto wallet = target_wallet(operation, operation.target);
    if (wallet) command.wallet = *wallet;
    operation.command = std::move(command);
}

void render(const Operation& operation, const engine::Execution& done, JsonWriter& json) {
    const auto& command = operation.as<ledger::AddGrant>();
    const ledger::Receipt& receipt = done.receipt;
    json.begin_object();
    json.member("id", GrantId{receipt.subject}.text());
    json.member("wallet", command.wallet.text());
    for (const ledger::ReceiptLine& line : receipt.lines) {
        json.member("asset", asset_of(done, line.asset).code);
        json.member("amount", amount_text(done, line, line.moved));
        json.member("available", amount_text(done, line, line.available));
    }
    json.member("kind", to_string(command.kind));
    json.member("priority", static_cast<std::uint64_t>(command.priority));
    json.member("status", to_string(receipt.grant_status));
    write_time(json, "effective_at", receipt.effective_at);
    write_time(json, "expires_at", receipt.expires_at);
    write_time(json, "created_at", receipt.at);
    write_metadata(json, command.metadata);
    write_lsn(json, done.lsn);
    json.end_object();
}

}  // namespace

constinit const OperationType grant_operation{
    .name = "grant",
    .target_member = "wallet",
    .scope = postgres::Scope::admin,
    .status = 201,
    .read = read,
    .render = render,
};

}  // namespace faregate::http
