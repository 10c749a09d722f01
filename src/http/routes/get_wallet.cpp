// GET /v1/wallets/{id}
#include "http/query_reader.h"
#include "http/render.h"
#include "http/routes/routes.h"
#include "http/wallet_view.h"

namespace faregate::http {

Task<Reply> get_wallet(Exchange& exchange) {
    auto problem = read_headers(exchange);
    const QueryReader query(exchange.request.query, {}, problem);
    problem = co_await admit_reader(exchange, std::move(problem));
    if (problem) co_return Reply(*problem);

    const auto view = view_wallet(exchange);
    if (!view) co_return Reply(view.error());
    problem = co_await await_durable(exchange, view->lsn, false);
    if (problem) co_return Reply(*problem);
    Reply reply;
    JsonWriter json(reply.body);
    write_wallet(json, view->value, *view->assets, view->value.lsn);
    co_return reply;
}

}  // namespace faregate::http
