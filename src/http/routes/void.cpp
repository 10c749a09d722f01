// POST /v1/authorizations/{id}/void
#include "http/render.h"
#include "http/routes/operations.h"

namespace faregate::http {
namespace {

void read(Operation& operation, const RequestBody& body, std::optional<Problem>& fault) {
    const ObjectReader reader(body, {}, fault);
    const auto id = target_authorization(operation);
    operation.command = ledger::Void{id.value_or(AuthorizationId{})};
}

void render(const Operation&, const engine::Execution& done, JsonWriter& json) {
    begin_authorization(json, done);
    json.key("void");
    json.begin_object();
    write_receipt_lines(json, done, [&](const ledger::ReceiptLine& line) {
        json.member("released", amount_text(done, line, line.released));
    });
    json.end_object();
    end_authorization(json, done);
}

}  // namespace

constinit const OperationType void_operation{
    .name = "void",
    .target_member = "authorization",
    .scope = postgres::Scope::authorize,
    .status = 200,
    .read = read,
    .render = render,
};

}  // namespace faregate::http
