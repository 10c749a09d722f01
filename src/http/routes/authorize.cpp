// POST /v1/authorize
#include "http/outcome_problem.h"
#include "http/render.h"
#include "http/routes/operations.h"

namespace faregate::http {
namespace {

void read(Operation& operation, const RequestBody& body, std::optional<Problem>& fault) {
    ObjectReader reader(
        body,
        {"wallet", "asset", "amount", "amounts", "ttl_seconds", "dry_run", "description",
         "metadata"},
        fault
    );
    ledger::Authorize command;
    std::string wallet_text = reader.required_id("wallet");
    command.amounts = reader.amounts();
    if (const auto ttl = reader.optional_ttl()) command.ttl = *ttl;
    command.dry_run = reader.boolean("dry_run", false);
    command.description = reader.text("description", description_characters_max);
    command.metadata = reader.metadata();
    const auto wallet = target_wallet(operation, std::move(wallet_text));
    if (wallet) command.wallet = *wallet;
    operation.command = std::move(command);
}

void render(const Operation& operation, const engine::Execution& done, JsonWriter& json) {
    const auto& command = operation.as<ledger::Authorize>();
    const ledger::Receipt& receipt = done.receipt;
    json.begin_object();
    json.member("id", AuthorizationId{receipt.subject}.text());
    json.member("wallet", command.wallet.text());
    json.member("status", to_string(receipt.authorization_status));
    if (receipt.lines.size() == 1) {
        const ledger::ReceiptLine& line = receipt.lines.front();
        json.member("asset", asset_of(done, line.asset).code);
        json.member("amount", amount_text(done, line, line.authorized));
    }
    write_hold_lines(json, done);
    write_time(json, "created_at", receipt.created_at);
    write_time(json, "expires_at", receipt.expires_at);
    write_if_any(json, "description", command.description);
    write_metadata(json, command.metadata);
    write_lsn(json, done.lsn);
    json.end_object();
}

}  // namespace

bool answer_dry_run(const engine::Execution& done, Reply& reply) {
    const ledger::Outcome outcome = done.receipt.outcome;
    const bool approved = outcome == ledger::Outcome::accepted;
    const bool declined =
        outcome == ledger::Outcome::insufficient_funds || outcome == ledger::Outcome::wallet_frozen;
    if (!approved && !declined) return false;
    reply = Reply(200);
    JsonWriter json(reply.body);
    json.begin_object();
    json.member("decision", approved ? "approved" : "declined");
    if (declined) json.member("code", to_string(outcome));
    json.raw_member("amounts", funds_lines(done, false));
    json.end_object();
    return true;
}

constinit const OperationType authorize_operation{
    .name = "authorize",
    .target_member = "",
    .scope = postgres::Scope::authorize,
    .status = 201,
    .read = read,
    .render = render,
};

}  // namespace faregate::http
