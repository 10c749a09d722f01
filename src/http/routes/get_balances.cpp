// GET /v1/wallets/{id}/balances
#include "http/query_reader.h"
#include "http/render.h"
#include "http/routes/routes.h"
#include "http/wallet_view.h"

namespace faregate::http {
namespace {

Reply render_now(const std::string& wallet, const WalletView& view, Timestamp now) {
    Reply reply;
    JsonWriter json(reply.body);
    json.begin_object();
    json.member("wallet", wallet);
    write_time(json, "at", now);
    write_accounts(json, "balances", view.value, *view.assets);
    json.end_object();
    return reply;
}

Reply render_past(
    const std::string& wallet, const std::vector<postgres::BalanceRecord>& balances, Timestamp at
) {
    Reply reply;
    JsonWriter json(reply.body);
    json.begin_object();
    json.member("wallet", wallet);
    write_time(json, "at", at);
    json.key("balances");
    json.begin_array();
    for (const postgres::BalanceRecord& balance : balances) {
        json.begin_object();
        json.member("asset", balance.asset);
        json.member("posted", balance.posted);
        json.member("held", balance.held);
        json.member("available", balance.available);
        json.member("overdraft_limit", balance.overdraft_limit);
        json.end_object();
    }
    json.end_array();
    json.end_object();
    return reply;
}

}  // namespace

Task<Reply> get_balances(Exchange& exchange) {
    auto problem = read_headers(exchange);
    QueryReader query(exchange.request.query, {"at"}, problem);
    const auto at = query.time("at");
    engine::Engine& engine = exchange.services.uses.engine;
    if (!problem && at && *at > engine.now()) {
        problem = invalid_member("at", "must not lie in the future.");
    }
    problem = co_await admit_reader(exchange, std::move(problem));
    if (problem) co_return Reply(*problem);

    const Timestamp now = engine.now();
    const auto view = view_wallet(exchange);
    if (!view) co_return Reply(view.error());
    problem = co_await await_durable(exchange, view->lsn, false);
    if (problem) co_return Reply(*problem);
    if (!at) co_return render_now(exchange.request.id, *view, now);

    problem = co_await await_projection(exchange, view->lsn);
    if (problem) co_return Reply(*problem);
    postgres::Queries& queries = exchange.services.uses.queries;
    std::function<Result<std::vector<postgres::BalanceRecord>>()> question =
        [&queries, when = *at, wallet = view->value.id] {
            return queries.balances_at(wallet, when);
        };
    const auto balances = co_await ask(exchange, std::move(question));
    if (!balances) co_return Reply(balances.error());
    co_return render_past(exchange.request.id, *balances, *at);
}

}  // namespace faregate::http
