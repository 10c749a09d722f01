// POST /v1/authorizations/{id}/capture
#include "http/render.h"
#include "http/routes/operations.h"

namespace faregate::http {
namespace {

void read(Operation& operation, const RequestBody& body, std::optional<Problem>& fault) {
    ObjectReader reader(body, {"asset", "amount", "amounts", "final"}, fault);
    ledger::Capture command;
    command.amounts = reader.optional_amounts();
    command.final = reader.boolean("final", true);
    if (const auto id = target_authorization(operation)) command.authorization = *id;
    operation.command = std::move(command);
}

void render(const Operation&, const engine::Execution& done, JsonWriter& json) {
    begin_authorization(json, done);
    json.key("capture");
    json.begin_object();
    write_receipt_lines(json, done, [&](const ledger::ReceiptLine& line) {
        json.member("requested", amount_text(done, line, line.requested));
        json.member("captured", amount_text(done, line, line.moved));
        json.member("released", amount_text(done, line, line.released));
        json.member("shortfall", amount_text(done, line, line.shortfall));
    });
    json.end_object();
    end_authorization(json, done);
}

}  // namespace

std::optional<AuthorizationId> target_authorization(Operation& operation) {
    const auto id = AuthorizationId::parse(operation.target);
    if (!id) operation.impossible = ledger::Outcome::authorization_not_found;
    return id;
}

std::optional<WalletId> target_wallet(Operation& operation, std::string text) {
    auto id = WalletId::parse(text);
    if (!id) operation.impossible = ledger::Outcome::wallet_not_found;
    operation.target = std::move(text);
    return id;
}

void begin_authorization(JsonWriter& json, const engine::Execution& done) {
    json.begin_object();
    json.member("id", AuthorizationId{done.receipt.subject}.text());
    json.member("wallet", done.receipt.wallet.text());
    json.member("status", to_string(done.receipt.authorization_status));
    write_hold_lines(json, done);
}

void end_authorization(JsonWriter& json, const engine::Execution& done) {
    json.member("late", done.receipt.late);
    write_time(json, "created_at", done.receipt.created_at);
    write_time(json, "expires_at", done.receipt.expires_at);
    write_lsn(json, done.lsn);
    json.end_object();
}

constinit const OperationType capture_operation{
    .name = "capture",
    .target_member = "authorization",
    .scope = postgres::Scope::authorize,
    .status = 200,
    .read = read,
    .render = render,
};

}  // namespace faregate::http
