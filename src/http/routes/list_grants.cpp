// GET /v1/wallets/{id}/grants
#include "http/query_reader.h"
#include "http/render.h"
#include "http/routes/routes.h"
#include "http/wallet_view.h"

namespace faregate::http {
namespace {

void write_grant(JsonWriter& json, const postgres::GrantRecord& grant) {
    json.begin_object();
    json.member("id", grant.id);
    json.member("wallet", grant.wallet);
    json.member("asset", grant.asset);
    json.member("amount", grant.amount);
    json.member("remaining", grant.remaining);
    json.member("held", grant.held);
    json.member("kind", grant.kind);
    json.member("priority", static_cast<std::uint64_t>(grant.priority));
    json.member("status", grant.status);
    json.member("effective_at", grant.effective_at);
    json.key("expires_at");
    if (grant.expires_at) json.string(*grant.expires_at);
    if (!grant.expires_at) json.null();
    json.member("created_at", grant.created_at);
    write_metadata(json, grant.metadata);
    write_lsn(json, grant.lsn);
    json.end_object();
}

}  // namespace

Task<Reply> list_grants(Exchange& exchange) {
    auto problem = read_headers(exchange);
    QueryReader query(exchange.request.query, {"cursor", "limit"}, problem);
    const std::uint32_t limit = query.limit();
    problem = co_await admit_reader(exchange, std::move(problem));
    if (!problem) problem = co_await await_wallet_projection(exchange);
    if (problem) co_return Reply(*problem);

    postgres::Queries& queries = exchange.services.uses.queries;
    std::function<Result<postgres::Page<postgres::GrantRecord>>()> question =
        [&queries, limit, wallet = WalletId::trusted(exchange.request.id),
         cursor = query.text("cursor").value_or("")] {
            return queries.grants(wallet, cursor, limit);
        };
    const auto page = co_await ask(exchange, std::move(question));
    if (!page) co_return Reply(page.error());
    Reply reply;
    JsonWriter json(reply.body);
    json.begin_object();
    json.key("data");
    json.begin_array();
    for (const postgres::GrantRecord& grant : page->data) write_grant(json, grant);
    json.end_array();
    write_next_cursor(json, page->next_cursor);
    json.end_object();
    co_return reply;
}

}  // namespace faregate::http
