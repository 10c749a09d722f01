// GET /v1/assets
#include "http/query_reader.h"
#include "http/render.h"
#include "http/routes/routes.h"
#include "http/wallet_view.h"

namespace faregate::http {

Task<Reply> list_assets(Exchange& exchange) {
    auto problem = read_headers(exchange);
    const QueryReader query(exchange.request.query, {}, problem);
    problem = co_await admit_reader(exchange, std::move(problem));
    if (problem) co_return Reply(*problem);

    const auto view = exchange.services.uses.engine.assets();
    problem = co_await await_durable(exchange, view.lsn, false);
    if (problem) co_return Reply(*problem);
    Reply reply;
    JsonWriter json(reply.body);
    json.begin_object();
    json.key("data");
    json.begin_array();
    for (const ledger::Asset& asset : view.value->all()) write_asset(json, asset);
    json.end_array();
    write_next_cursor(json, std::nullopt);
    json.end_object();
    co_return reply;
}

}  // namespace faregate::http
