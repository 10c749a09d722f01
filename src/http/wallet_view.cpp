#include "http/wallet_view.h"

#include "http/outcome_problem.h"

namespace faregate::http {

tl::expected<WalletView, Problem> view_wallet(Exchange& exchange) {
    const std::string& text = exchange.request.id;
    const auto id = WalletId::parse(text);
    if (!id) return tl::unexpected(not_found(ledger::Outcome::wallet_not_found, text));
    auto view = exchange.services.uses.engine.wallet(*id);
    if (!view) return tl::unexpected(engine_problem(view.error()));
    if (!*view) return tl::unexpected(not_found(ledger::Outcome::wallet_not_found, text));
    return std::move(**view);
}

Task<std::optional<Problem>> admit_reader(Exchange& exchange, std::optional<Problem> problem) {
    if (problem) co_return problem;
    problem = co_await admit(exchange, postgres::Scope::read);
    if (problem) co_return problem;
    co_return check_durability(exchange);
}

Task<std::optional<Problem>> await_wallet_projection(Exchange& exchange) {
    const auto view = view_wallet(exchange);
    if (!view) co_return view.error();
    co_return co_await await_projection(exchange, view->lsn);
}

void write_next_cursor(JsonWriter& json, const std::optional<std::string>& cursor) {
    json.key("next_cursor");
    if (!cursor) return json.null();
    json.string(*cursor);
}

}  // namespace faregate::http
