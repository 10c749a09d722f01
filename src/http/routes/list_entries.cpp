// GET /v1/wallets/{id}/entries
#include "faregate/ledger/asset.h"
#include "http/query_reader.h"
#include "http/render.h"
#include "http/routes/routes.h"
#include "http/wallet_view.h"

namespace faregate::http {
namespace {

void write_if_set(JsonWriter& json, std::string_view name, const std::optional<std::string>& text) {
    if (text) json.member(name, *text);
}

void write_entry(JsonWriter& json, const postgres::EntryRecord& entry) {
    json.begin_object();
    json.member("lsn", entry.lsn.value);
    json.member("sequence", static_cast<std::uint64_t>(entry.sequence));
    json.member("at", entry.at);
    json.member("asset", entry.asset);
    json.member("amount", entry.amount);
    json.member("source", entry.source);
    json.member("destination", entry.destination);
    write_if_set(json, "grant", entry.grant);
    write_if_set(json, "authorization", entry.authorization);
    write_if_set(json, "debit", entry.debit);
    write_if_set(json, "description", entry.description);
    json.end_object();
}

}  // namespace

Task<Reply> list_entries(Exchange& exchange) {
    auto problem = read_headers(exchange);
    QueryReader query(exchange.request.query, {"asset", "from", "to", "cursor", "limit"}, problem);
    postgres::EntryFilter filter;
    filter.asset = query.text("asset");
    // Another text may be one that PostgreSQL cannot even be asked for.
    const bool is_code = !filter.asset || ledger::is_asset_code(*filter.asset);
    if (!problem && !is_code) problem = invalid_member("asset", "is not the code of an asset.");
    filter.from = query.time("from");
    filter.to = query.time("to");
    const std::uint32_t limit = query.limit();
    problem = co_await admit_reader(exchange, std::move(problem));
    if (!problem) problem = co_await await_wallet_projection(exchange);
    if (problem) co_return Reply(*problem);

    postgres::Queries& queries = exchange.services.uses.queries;
    std::function<Result<postgres::Page<postgres::EntryRecord>>()> question =
        [&queries, limit, filter, wallet = WalletId::trusted(exchange.request.id),
         cursor = query.text("cursor").value_or("")] {
            return queries.entries(wallet, filter, cursor, limit);
        };
    const auto page = co_await ask(exchange, std::move(question));
    if (!page) co_return Reply(page.error());
    Reply reply;
    JsonWriter json(reply.body);
    json.begin_object();
    json.key("data");
    json.begin_array();
    for (const postgres::EntryRecord& entry : page->data) write_entry(json, entry);
    json.end_array();
    write_next_cursor(json, page->next_cursor);
    json.end_object();
    co_return reply;
}

}  // namespace faregate::http
