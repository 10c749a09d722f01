// PATCH /v1/wallets/{id}
#include "http/command.h"
#include "http/render.h"
#include "http/routes/operations.h"
#include "http/routes/routes.h"

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

// Setting is idempotent by itself, so there is no Idempotency-Key here, and the answer is the
// wallet as it now is.
Task<Reply> update_wallet(Exchange& exchange) {
    auto problem = read_headers(exchange);
    if (!problem) problem = read_body(exchange, false);
    if (problem) co_return Reply(*problem);

    const RequestBody body{exchange.document.root(), {}};
    const auto operation =
        read_operation(update_wallet_operation, exchange.request.id, body, std::nullopt);
    if (!operation) co_return Reply(operation.error());
    Reply reply = co_await run_operation(exchange, *operation);
    if (reply.is_problem()) co_return reply;

    const WalletId& id = operation->as<ledger::UpdateWallet>().wallet;
    const auto view = exchange.services.uses.engine.wallet(id);
    if (!view) co_return Reply(engine_problem(view.error()));
    if (!*view) co_return reply;
    problem = co_await await_durable(exchange, (*view)->lsn, true);
    if (problem) co_return Reply(*problem);
    reply.body.clear();
    JsonWriter json(reply.body);
    write_wallet(json, (*view)->value, *(*view)->assets, (*view)->value.lsn);
    co_return reply;
}

}  // namespace faregate::http
