#include "http/command.h"

#include <algorithm>
#include <string>

#include "http/outcome_problem.h"
#include "http/routes/routes.h"

namespace faregate::http {
namespace {

using ledger::Outcome;

bool may_be_in_database(Outcome outcome) {
    return outcome == Outcome::authorization_not_found || outcome == Outcome::grant_not_found;
}

/// Runs on a worker. The status with which an authorization or grant ended, if there was one.
Result<std::optional<std::string>> find_status(
    postgres::Queries& queries, Outcome outcome, const std::string& id
) {
    if (outcome == Outcome::grant_not_found) {
        FG_TRY_ASSIGN(const auto grant, queries.grant(*GrantId::parse(id)));
        return grant ? std::optional(grant->status) : std::nullopt;
    }
    FG_TRY_ASSIGN(const auto found, queries.authorization(*AuthorizationId::parse(id)));
    return found ? std::optional(found->status) : std::nullopt;
}

/// Whether the earlier request was executed or declined is not known here, so `executed` is left
/// out: a caller must believe neither.
Reply answer_is_away() {
    return Reply(Problem(
                     Refusal::database_unavailable,
                     "An earlier request with this Idempotency-Key was answered, and PostgreSQL, "
                     "which keeps the answer, cannot be asked at the moment. Nothing was executed "
                     "again. Send the request once more with the same key to get the answer."
    )
                     .with("answered_before", true)
                     .retry_after(1));
}

}  // namespace

Done perform(Exchange& exchange, const Operation& operation) {
    Done done;
    if (operation.impossible) {
        done.reply = answer_impossible(operation);
        return done;
    }
    const auto execution = execute(exchange.services.uses.engine, operation);
    if (!execution) {
        done.reply = engine_problem(execution.error());
        return done;
    }
    done.lsn = execution->lsn;
    if (execution->answer_elsewhere) {
        done.recalled = *execution;
        done.executed = true;  // As far as is known.
        return done;
    }
    const Outcome outcome = execution->receipt.outcome;
    done.reply = answer(operation, *execution);
    done.executed = outcome == Outcome::accepted && !operation.is_dry_run();
    done.ask_database = may_be_in_database(outcome);
    return done;
}

Task<Reply> look_further(Exchange& exchange, const Operation& operation, Reply not_found) {
    const std::size_t index = *not_found.problem;
    const Outcome outcome = index == problem_index(Outcome::grant_not_found)
                                ? Outcome::grant_not_found
                                : Outcome::authorization_not_found;
    // A grant leaves memory as soon as it is spent, perhaps before the projection has heard of it.
    const Lsn durable = exchange.services.uses.durable.value();
    auto behind = co_await await_projection(exchange, durable);
    if (behind) co_return Reply(*behind);

    postgres::Queries& queries = exchange.services.uses.queries;
    std::function<Result<std::optional<std::string>>()> question =
        [&queries, outcome, id = operation.target] { return find_status(queries, outcome, id); };
    const auto status = co_await ask(exchange, std::move(question));
    if (!status) co_return Reply(status.error());
    if (!*status) co_return not_found;
    if (outcome == Outcome::grant_not_found) co_return Reply(grant_state(**status));
    co_return Reply(authorization_state(**status));
}

Task<void> recall_answers(Exchange& exchange, std::vector<Recall> recalls) {
    if (!exchange.services.uses.health.database_reachable()) {
        for (const Recall& recall : recalls) recall.done->reply = answer_is_away();
        co_return;
    }
    std::vector<Lsn> lsns;
    lsns.reserve(recalls.size());
    for (const Recall& recall : recalls) lsns.push_back(recall.done->lsn);
    postgres::Queries& queries = exchange.services.uses.queries;
    std::function<Result<std::vector<engine::IdempotencyRow>>()> question =
        [&queries, lsns = std::move(lsns)] { return queries.answers(lsns); };
    const auto rows = co_await ask(exchange, std::move(question));
    for (const Recall& recall : recalls) {
        Done& done = *recall.done;
        if (!rows) {
            const bool away = rows.error().index == problem_index(Refusal::database_unavailable);
            done.reply = away ? answer_is_away() : Reply(rows.error());
            continue;
        }
        const auto row = std::lower_bound(
            rows->begin(), rows->end(), done.lsn,
            [](const engine::IdempotencyRow& each, Lsn lsn) { return each.lsn < lsn; }
        );
        const bool found = row != rows->end() && row->lsn == done.lsn;
        if (!found) {
            // PostgreSQL fell back and is being caught up, or somebody has deleted the row.
            exchange.services.log_error(
                LogKind::query_failed,
                "PostgreSQL lacks the answer at LSN " + std::to_string(done.lsn.value)
            );
            done.reply = answer_is_away();
            continue;
        }
        const Status read = recall_answer(*done.recalled, *recall.operation->key, *row);
        done.reply = read ? answer(*recall.operation, *done.recalled)
                          : Reply(database_problem(exchange, read.error()));
    }
}

Task<Reply> run_operation(Exchange& exchange, const Operation& operation) {
    auto refused = co_await admit(exchange, operation.type->scope);
    if (!refused) refused = check_durability(exchange);
    if (refused) co_return Reply(*refused);

    Done done = perform(exchange, operation);
    if (done.lsn != Lsn{}) {
        const auto problem = co_await await_durable(exchange, done.lsn, done.executed);
        if (problem) co_return Reply(*problem);
    }
    if (done.recalled) {
        std::vector<Recall> recalls{{&operation, &done}};
        co_await recall_answers(exchange, std::move(recalls));
        // That may have taken long: whether this server may still answer is asked once more.
        const auto problem = co_await await_durable(exchange, done.lsn, done.executed);
        if (problem) co_return Reply(*problem);
    }
    if (!done.ask_database) co_return std::move(done.reply);
    co_return co_await look_further(exchange, operation, std::move(done.reply));
}

Task<Reply> run_command(Exchange& exchange) {
    const OperationType& type = *exchange.route.operation;
    auto problem = read_headers(exchange);
    // What a capture, a void or a revocation means without a body is clear.
    if (!problem) problem = read_body(exchange, !exchange.request.id.empty());
    if (problem) co_return Reply(*problem);

    const RequestBody body{exchange.document.root(), {}};
    const auto operation =
        read_operation(type, exchange.request.id, body, exchange.idempotency_key);
    if (!operation) co_return Reply(operation.error());
    co_return co_await run_operation(exchange, *operation);
}

}  // namespace faregate::http
