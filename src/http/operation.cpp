#include "http/operation.h"

#include <algorithm>

#include "faregate/core/assert.h"
#include "http/outcome_problem.h"
#include "http/render.h"
#include "http/routes/operations.h"

namespace faregate::http {

bool Operation::is_dry_run() const noexcept {
    const auto* ledger_command = std::get_if<ledger::Command>(&command);
    if (ledger_command == nullptr) return false;
    const auto* authorize = std::get_if<ledger::Authorize>(ledger_command);
    return authorize != nullptr && authorize->dry_run;
}

bool is_idempotency_key(std::string_view text) noexcept {
    constexpr std::size_t characters_max = 255;
    if (text.empty() || text.size() > characters_max) return false;
    return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

std::string canonical_request(
    const OperationType& type, std::string_view target, const RequestBody& body
) {
    std::vector<JsonValue> members;
    for (auto member = body.value.first(); member; member = member->next()) {
        const auto& skipped = body.read_elsewhere;
        if (std::find(skipped.begin(), skipped.end(), member->name()) != skipped.end()) continue;
        members.push_back(*member);
    }
    std::sort(members.begin(), members.end(), [](const JsonValue& a, const JsonValue& b) {
        return a.name() < b.name();
    });
    std::string text;
    text.append(type.name).append("\n").append(target).append("\n");
    for (const JsonValue& member : members) {
        append_json_string(text, member.name());
        text += ':';
        append_canonical(text, member);
        text += '\n';
    }
    return text;
}

tl::expected<Operation, Problem> read_operation(
    const OperationType& type, std::string_view target, const RequestBody& body,
    const std::optional<std::string>& key
) {
    Operation operation;
    operation.type = &type;
    operation.target = target;
    std::optional<Problem> fault;
    type.read(operation, body, fault);
    if (fault) return tl::unexpected(std::move(*fault));
    name_wallet(operation, key);
    // A dry run has no effect that a key could guard.
    if (key && !operation.is_dry_run()) {
        operation.key = engine::IdempotencyKey::make(*key, canonical_request(type, target, body));
    }
    return operation;
}

Result<engine::Execution> execute(engine::Engine& engine, const Operation& operation) {
    FG_ASSERT(!operation.impossible, "there is no command to execute");
    if (const auto* asset = std::get_if<ledger::CreateAsset>(&operation.command)) {
        return engine.create_asset(*asset, operation.key);
    }
    return engine.execute(std::get<ledger::Command>(operation.command), operation.key);
}

Reply answer(const Operation& operation, const engine::Execution& done) {
    Reply reply;
    if (operation.is_dry_run() && answer_dry_run(done, reply)) return reply;
    if (done.receipt.outcome != ledger::Outcome::accepted) {
        reply = problem_of(done, operation.target);
    } else {
        constexpr std::size_t usual_bytes = 512;
        reply.status = operation.type->status;
        reply.body.reserve(usual_bytes);
        JsonWriter json(reply.body);
        operation.type->render(operation, done, json);
    }
    reply.replayed = done.replayed;
    return reply;
}

Reply answer_impossible(const Operation& operation) {
    FG_ASSERT(operation.impossible, "the operation is possible");
    return not_found(*operation.impossible, operation.target);
}

}  // namespace faregate::http
