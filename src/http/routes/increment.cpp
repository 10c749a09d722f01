// POST /v1/authorizations/{id}/increment
#include "http/render.h"
#include "http/routes/operations.h"

namespace faregate::http {
namespace {

void read(Operation& operation, const RequestBody& body, std::optional<Problem>& fault) {
    ObjectReader reader(body, {"asset", "amount", "amounts", "ttl_seconds"}, fault);
    ledger::Increment command;
    command.amounts = reader.optional_amounts();
    command.ttl = reader.optional_ttl();
    if (command.amounts.empty() && !command.ttl) {
        reader.fail("amount", "or ttl_seconds is required: the request changes nothing.");
    }
    if (const auto id = target_authorization(operation)) command.authorization = *id;
    operation.command = std::move(command);
}

void render(const Operation&, const engine::Execution& done, JsonWriter& json) {
    begin_authorization(json, done);
    json.key("increment");
    json.begin_object();
    write_receipt_lines(json, done, [&](const ledger::ReceiptLine& line) {
        json.member("added", amount_text(done, line, line.moved));
    });
    json.end_object();
    end_authorization(json, done);
}

}  // namespace

constinit const OperationType increment_operation{
    .name = "increment",
    .target_member = "authorization",
    .scope = postgres::Scope::authorize,
    .status = 200,
    .read = read,
    .render = render,
};

}  // namespace faregate::http
