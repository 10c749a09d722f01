// GET /v1/authorizations/{id}
#include "http/outcome_problem.h"
#include "http/query_reader.h"
#include "http/render.h"
#include "http/routes/routes.h"
#include "http/wallet_view.h"

namespace faregate::http {
namespace {

using AuthorizationView = engine::View<ledger::Authorization>;

Reply render_view(const AuthorizationView& view) {
    const ledger::Authorization& authorization = view.value;
    Reply reply;
    JsonWriter json(reply.body);
    json.begin_object();
    json.member("id", authorization.id.text());
    json.member("wallet", authorization.wallet.text());
    json.member("status", to_string(authorization.status));
    write_hold_lines(json, authorization, *view.assets);
    json.member("late", authorization.late);
    write_time(json, "created_at", authorization.created_at);
    write_time(json, "expires_at", authorization.expires_at);
    if (!authorization.is_open()) write_time(json, "closed_at", authorization.closed_at);
    write_if_any(json, "description", authorization.description);
    write_metadata(json, authorization.metadata);
    write_lsn(json, view.lsn);
    json.end_object();
    return reply;
}

Reply render_record(const postgres::AuthorizationRecord& record) {
    Reply reply;
    JsonWriter json(reply.body);
    json.begin_object();
    json.member("id", record.id);
    json.member("wallet", record.wallet);
    json.member("status", record.status);
    json.key("amounts");
    json.begin_array();
    for (const postgres::AuthorizationLineRecord& line : record.lines) {
        json.begin_object();
        json.member("asset", line.asset);
        json.member("authorized", line.authorized);
        json.member("captured", line.captured);
        json.member("held", line.held);
        json.end_object();
    }
    json.end_array();
    json.member("late", record.late);
    json.member("created_at", record.created_at);
    json.member("expires_at", record.expires_at);
    if (record.closed_at) json.member("closed_at", *record.closed_at);
    write_if_any(json, "description", record.description);
    write_metadata(json, record.metadata);
    write_lsn(json, record.lsn);
    json.end_object();
    return reply;
}

}  // namespace

Task<Reply> get_authorization(Exchange& exchange) {
    auto problem = read_headers(exchange);
    const QueryReader query(exchange.request.query, {}, problem);
    problem = co_await admit_reader(exchange, std::move(problem));
    if (problem) co_return Reply(*problem);

    const std::string& text = exchange.request.id;
    const Problem missing = not_found(ledger::Outcome::authorization_not_found, text);
    const auto id = AuthorizationId::parse(text);
    if (!id) co_return Reply(missing);
    const auto view = exchange.services.uses.engine.authorization(*id);
    if (!view) co_return Reply(engine_problem(view.error()));
    if (*view) {
        problem = co_await await_durable(exchange, (*view)->lsn, false);
        if (problem) co_return Reply(*problem);
        co_return render_view(**view);
    }
    // Closed longer ago than the engine remembers.
    postgres::Queries& queries = exchange.services.uses.queries;
    std::function<Result<std::optional<postgres::AuthorizationRecord>>()> question =
        [&queries, wanted = *id] { return queries.authorization(wanted); };
    const auto record = co_await ask(exchange, std::move(question));
    if (!record) co_return Reply(record.error());
    if (!*record) co_return Reply(missing);
    co_return render_record(**record);
}

}  // namespace faregate::http
