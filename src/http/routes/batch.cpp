// POST /v1/batch
#include <algorithm>
#include <array>

#include "http/command.h"
#include "http/routes/operations.h"
#include "http/routes/routes.h"

namespace faregate::http {
namespace {

constexpr std::size_t operations_max = 1000;
constexpr int unavailable_status = 503;
// About what one operation takes until it is answered, its answer included.
constexpr std::size_t operation_bytes = 2 * 1024;

const std::array<const OperationType*, 7> batch_operations{
    &create_wallet_operation, &grant_operation,     &authorize_operation, &capture_operation,
    &void_operation,          &increment_operation, &debit_operation,
};

/// One line of the batch: what it asks for, or why it cannot be read; then its answer.
struct Line {
    tl::expected<Operation, Problem> operation = tl::unexpected(Problem());
    Done done;
};

const OperationType* find_type(std::string_view name) {
    const auto found =
        std::find_if(batch_operations.begin(), batch_operations.end(), [&](const auto* type) {
            return type->name == name;
        });
    return found == batch_operations.end() ? nullptr : *found;
}

std::string list_names() {
    std::string names;
    for (const OperationType* type : batch_operations) {
        names += names.empty() ? "" : type == batch_operations.back() ? " or " : ", ";
        names += type->name;
    }
    return names;
}

/// A member of `object` that must be a string; nothing if it is absent.
tl::expected<std::optional<std::string>, Problem> text_member(
    JsonValue object, std::string_view name
) {
    const auto member = object.find(name);
    if (!member) return std::nullopt;
    if (member->kind() == JsonKind::string) return std::string(member->text());
    return tl::unexpected(invalid_member(name, "must be a string."));
}

tl::expected<std::optional<std::string>, Problem> read_key(
    JsonValue object, const std::optional<std::string>& of_batch, std::size_t index
) {
    auto key = text_member(object, "idempotency_key");
    if (!key) return key;
    if (*key && !is_idempotency_key(**key)) {
        return tl::unexpected(
            invalid_member("idempotency_key", "must have 1 to 255 visible ASCII characters.")
        );
    }
    // No key of a caller has a line break, so these cannot meet one.
    if (!*key && of_batch) return *of_batch + "\n" + std::to_string(index);
    return key;
}

tl::expected<Operation, Problem> read_line(
    JsonValue object, const std::optional<std::string>& key_of_batch, std::size_t index
) {
    if (object.kind() != JsonKind::object) {
        return tl::unexpected(
            Problem(Refusal::invalid_request, "An operation must be a JSON object.")
        );
    }
    const auto op = object.find("op");
    const OperationType* type =
        op && op->kind() == JsonKind::string ? find_type(op->text()) : nullptr;
    if (type == nullptr) {
        return tl::unexpected(invalid_member("op", "must be " + list_names() + "."));
    }
    const auto key = read_key(object, key_of_batch, index);
    if (!key) return tl::unexpected(key.error());

    const std::array<std::string_view, 3> read_here{"op", "idempotency_key", type->target_member};
    const std::size_t count = type->target_member.empty() ? 2 : 3;
    const RequestBody body{object, std::span(read_here).first(count)};
    if (type->target_member.empty()) return read_operation(*type, "", body, *key);
    const auto target = text_member(object, type->target_member);
    if (!target) return tl::unexpected(target.error());
    if (!*target) return tl::unexpected(invalid_member(type->target_member, "is required."));
    return read_operation(*type, **target, body, *key);
}

tl::expected<std::vector<Line>, Problem> read_lines(const Exchange& exchange) {
    const JsonValue root = exchange.document.root();
    std::optional<Problem> fault;
    const ObjectReader reader(RequestBody{root, {}}, {"operations"}, fault);
    if (fault) return tl::unexpected(*fault);
    const auto operations = root.find("operations");
    const bool valid = operations && operations->kind() == JsonKind::array &&
                       operations->size() >= 1 && operations->size() <= operations_max;
    if (!valid) {
        return tl::unexpected(
            invalid_member("operations", "must be an array of 1 to 1000 operations.")
        );
    }
    std::vector<Line> lines;
    lines.reserve(operations->size());
    for (auto each = operations->first(); each; each = each->next()) {
        Line line;
        line.operation = read_line(*each, exchange.idempotency_key, lines.size());
        lines.push_back(std::move(line));
    }
    return lines;
}

Done perform_line(Exchange& exchange, const Line& line) {
    Done done;
    if (!line.operation) {
        done.reply = line.operation.error();
        return done;
    }
    const postgres::Scope scope = line.operation->type->scope;
    if (!exchange.key->may(scope)) {
        done.reply = forbidden(scope);
        return done;
    }
    return perform(exchange, *line.operation);
}

Reply render(const std::vector<Line>& lines) {
    Reply reply;
    std::size_t bytes = 64;
    for (const Line& line : lines) bytes += line.done.reply.body.size() + 32;
    reply.body.reserve(bytes);
    JsonWriter json(reply.body);
    json.begin_object();
    json.key("results");
    json.begin_array();
    for (const Line& line : lines) {
        json.begin_object();
        json.member("status", static_cast<std::uint64_t>(line.done.reply.status));
        json.raw_member("body", line.done.reply.body);
        json.end_object();
    }
    json.end_array();
    json.end_object();
    return reply;
}

}  // namespace

Task<Reply> run_batch(Exchange& exchange) {
    auto problem = read_headers(exchange);
    if (!problem) problem = read_body(exchange, false);
    if (problem) co_return Reply(*problem);
    auto lines = read_lines(exchange);
    if (!lines) co_return Reply(lines.error());
    problem = take_memory(exchange, lines->size() * operation_bytes);
    if (problem) co_return Reply(*problem);
    problem = co_await admit(exchange, postgres::Scope::authorize);
    if (!problem) problem = check_durability(exchange);
    if (problem) co_return Reply(*problem);

    Lsn lsn;
    bool executed = false;
    for (Line& line : *lines) {
        line.done = perform_line(exchange, line);
        lsn = std::max(lsn, line.done.lsn);
        executed = executed || line.done.executed;
    }
    problem = co_await await_durable(exchange, lsn, executed);
    if (problem) co_return Reply(*problem);
    std::vector<Recall> recalls;
    for (Line& line : *lines) {
        if (line.done.recalled) recalls.push_back({&*line.operation, &line.done});
    }
    const bool recalled = !recalls.empty();
    if (recalled) co_await recall_answers(exchange, std::move(recalls));
    std::optional<Reply> found;
    for (Line& line : *lines) {
        if (!line.done.ask_database) continue;
        // A database that has let one line wait in vain is not given as long for each of a
        // thousand.
        if (!found || found->status != unavailable_status) {
            Reply before = std::move(line.done.reply);
            found = co_await look_further(exchange, *line.operation, std::move(before));
        }
        line.done.reply = *found;
    }
    // That may have taken long: whether this server may still answer is asked once more.
    if (found || recalled) problem = co_await await_durable(exchange, lsn, executed);
    if (problem) co_return Reply(*problem);
    co_return render(*lines);
}

}  // namespace faregate::http
