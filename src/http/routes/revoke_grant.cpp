// POST /v1/grants/{id}/revoke
#include "http/render.h"
#include "http/routes/operations.h"

namespace faregate::http {
namespace {

void read(Operation& operation, const RequestBody& body, std::optional<Problem>& fault) {
    const ObjectReader reader(body, {}, fault);
    const auto grant = GrantId::parse(operation.target);
    if (!grant) operation.impossible = ledger::Outcome::grant_not_found;
    operation.command = ledger::RevokeGrant{grant.value_or(GrantId{})};
}

void render(const Operation& operation, const engine::Execution& done, JsonWriter& json) {
    const ledger::Receipt& receipt = done.receipt;
    json.begin_object();
    json.member("id", operation.as<ledger::RevokeGrant>().grant.text());
    json.member("wallet", receipt.wallet.text());
    for (const ledger::ReceiptLine& line : receipt.lines) {
        json.member("asset", asset_of(done, line.asset).code);
        json.member("revoked", amount_text(done, line, line.moved));
        json.member("held", amount_text(done, line, line.held));
        json.member("available", amount_text(done, line, line.available));
    }
    json.member("status", to_string(receipt.grant_status));
    write_time(json, "revoked_at", receipt.at);
    write_lsn(json, done.lsn);
    json.end_object();
}

}  // namespace

constinit const OperationType revoke_grant_operation{
    .name = "revoke_grant",
    .target_member = "grant",
    .scope = postgres::Scope::admin,
    .status = 200,
    .read = read,
    .render = render,
};

}  // namespace faregate::http
