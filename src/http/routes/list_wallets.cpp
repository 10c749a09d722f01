// GET /v1/wallets
#include <algorithm>

#include "http/query_reader.h"
#include "http/render.h"
#include "http/routes/routes.h"
#include "http/wallet_view.h"

namespace faregate::http {

Task<Reply> list_wallets(Exchange& exchange) {
    auto problem = read_headers(exchange);
    QueryReader query(exchange.request.query, {"cursor", "limit"}, problem);
    const std::uint32_t limit = query.limit();
    problem = co_await admit_reader(exchange, std::move(problem));
    if (problem) co_return Reply(*problem);

    // All that anybody was told of until now is to be in the list.
    const Lsn durable = exchange.services.uses.durable.value();
    problem = co_await await_projection(exchange, durable);
    if (problem) co_return Reply(*problem);
    postgres::Queries& queries = exchange.services.uses.queries;
    std::function<Result<postgres::Page<WalletId>>()> question =
        [&queries, limit, cursor = query.text("cursor").value_or("")] {
            return queries.wallets(cursor, limit);
        };
    const auto page = co_await ask(exchange, std::move(question));
    if (!page) co_return Reply(page.error());

    Reply reply;
    JsonWriter json(reply.body);
    json.begin_object();
    json.key("data");
    json.begin_array();
    Lsn lsn;
    for (const WalletId& id : page->data) {
        const auto view = exchange.services.uses.engine.wallet(id);
        if (!view) co_return Reply(engine_problem(view.error()));
        if (!*view) continue;
        lsn = std::max(lsn, (*view)->lsn);
        write_wallet(json, (*view)->value, *(*view)->assets, (*view)->value.lsn);
    }
    json.end_array();
    write_next_cursor(json, page->next_cursor);
    json.end_object();
    problem = co_await await_durable(exchange, lsn, false);
    if (problem) co_return Reply(*problem);
    co_return reply;
}

}  // namespace faregate::http
