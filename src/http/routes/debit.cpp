// POST /v1/debits
#include "http/render.h"
#include "http/routes/operations.h"

namespace faregate::http {
namespace {

void read(Operation& operation, const RequestBody& body, std::optional<Problem>& fault) {
    ObjectReader reader(
        body, {"wallet", "asset", "amount", "amounts", "description", "metadata"}, fault
    );
    ledger::Debit command;
    std::string wallet_text = reader.required_id("wallet");
    command.amounts = reader.amounts();
    command.description = reader.text("description", description_characters_max);
    command.metadata = reader.metadata();
    const auto wallet = target_wallet(operation, std::move(wallet_text));
    if (wallet) command.wallet = *wallet;
    operation.command = std::move(command);
}

void render(const Operation& operation, const engine::Execution& done, JsonWriter& json) {
    const auto& command = operation.as<ledger::Debit>();
    json.begin_object();
    json.member("id", DebitId{done.receipt.subject}.text());
    json.member("wallet", command.wallet.text());
    write_receipt_lines(json, done, [&](const ledger::ReceiptLine& line) {
        json.member("amount", amount_text(done, line, line.moved));
        json.member("available", amount_text(done, line, line.available));
    });
    write_time(json, "created_at", done.receipt.created_at);
    write_if_any(json, "description", command.description);
    write_metadata(json, command.metadata);
    write_lsn(json, done.lsn);
    json.end_object();
}

}  // namespace

constinit const OperationType debit_operation{
    .name = "debit",
    .target_member = "",
    .scope = postgres::Scope::authorize,
    .status = 201,
    .read = read,
    .render = render,
};

}  // namespace faregate::http
