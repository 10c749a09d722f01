// Requests as the routes see them: every path, query and body, against a real engine, without a
// socket. The input is text: requests between lines of `---`, each a line `METHOD TARGET [KEY]`,
// KEY an idempotency key, and then the body. `WAIT 60` lets a minute pass. `{a0}` and `{g0}` are
// ids (see api_rig.h).

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "faregate/core/assert.h"
#include "faregate/engine/record.h"
#include "fuzz/api_rig.h"
#include "http/exchange.h"
#include "http/operation.h"
#include "postgres/page_cursor.h"
#include "support/engine_rig.h"

namespace faregate::fuzz {
namespace {

using http::Reply;

struct Asked {
    http::Method method = http::Method::other;
    std::string target;
    std::optional<std::string> key;
    std::string body;
    std::int64_t wait_seconds = -1;  ///< not negative: it is no request, time passes
};

std::string take(std::string& text, std::string_view until) {
    const std::size_t end = text.find(until);
    std::string taken = text.substr(0, end);
    text.erase(0, end == std::string::npos ? end : end + until.size());
    return taken;
}

http::Method method_of(std::string_view word) {
    if (word == "GET") return http::Method::get;
    if (word == "POST") return http::Method::post;
    return word == "PATCH" ? http::Method::patch : http::Method::other;
}

Asked read_request(std::string text) {
    Asked asked;
    std::string line = take(text, "\n");
    const std::string word = take(line, " ");
    asked.method = method_of(word);
    asked.target = take(line, " ");
    if (!line.empty()) asked.key = line;
    asked.body = std::move(text);
    if (word == "WAIT") {
        std::uint32_t seconds = 0;
        std::from_chars(asked.target.data(), asked.target.data() + asked.target.size(), seconds);
        asked.wait_seconds = seconds % 10'000'000;
    }
    return asked;
}

std::vector<Asked> read_input(std::string text) {
    constexpr std::size_t requests_max = 16;
    std::vector<Asked> all;
    while (!text.empty() && all.size() < requests_max) {
        all.push_back(read_request(take(text, "\n---\n")));
    }
    return all;
}

Reply ask(ApiRig& rig, const Asked& asked) {
    http::Request request;
    request.method = asked.method;
    const std::string_view target = asked.target;
    const std::size_t mark = target.find('?');
    request.path = target.substr(0, mark);
    if (mark != std::string_view::npos) request.query = target.substr(mark + 1);
    request.body = asked.body;
    request.authorization = "Bearer admin";
    if (asked.key) request.idempotency_key = *asked.key;
    const http::Match match = rig.services().router.find(request);
    if (match.route == nullptr) return *match.problem;

    static http::KeyCache cache;
    static http::JsonDocument document;
    http::MemoryShare memory(rig.services().memory);
    http::Exchange exchange(
        rig.services(), rig.thread().waiters(), cache, document, memory, request, *match.route
    );
    std::optional<Reply> reply;
    http::asio::co_spawn(
        rig.thread().context(), match.route->handler(exchange),
        [&reply](const std::exception_ptr& failure, Reply done) {
            FG_ASSERT(failure == nullptr, "a route does not throw");
            reply = std::move(done);
        }
    );
    while (!reply) rig.thread().context().run_one();
    return std::move(*reply);
}

/// The same body without blanks and with every character spelled in one way.
std::string compact(const std::string& body) {
    http::JsonDocument document;
    if (document.parse(body)) return body;
    std::string text;
    append_compact(text, document.root());
    return text;
}

/// Two spellings of a request ask for one thing.
void check_reading(ApiRig& rig, const Asked& asked) {
    http::Request request;
    request.method = asked.method;
    request.path = std::string_view(asked.target).substr(0, asked.target.find('?'));
    const http::Match match = rig.services().router.find(request);
    if (match.route == nullptr || match.route->operation == nullptr) return;
    const auto read = [&](const std::string& body) -> std::string {
        http::JsonDocument document;
        if (document.parse(body)) return "not JSON";
        const http::RequestBody object{document.root(), {}};
        const auto& type = *match.route->operation;
        const auto operation = http::read_operation(type, request.id, object, "key");
        if (!operation) return operation.error().detail;
        return http::canonical_request(type, request.id, object);
    };
    FG_ASSERT(read(asked.body) == read(compact(asked.body)), "a spelling has no meaning");
}

engine::Record decode(const std::string& bytes) {
    auto record = engine::decode_record(bytes);
    FG_ASSERT(record.has_value(), "the engine writes what it can read");
    return std::move(*record);
}

bool is_json(const Reply& reply) {
    return reply.content_type == http::ContentType::json ||
           reply.content_type == http::ContentType::problem;
}

/// What a request may have written, judged by its reply. The state is a function of the log, which
/// check_state makes sure of; so what leaves no record changes nothing.
void check_effect(const Asked& asked, const Reply& reply, const std::vector<std::string>& written) {
    FG_ASSERT(reply.status != 500, "no request is a failure of the server");
    FG_ASSERT(!is_json(reply) || nlohmann::json::accept(reply.body), "an answer is JSON");
    FG_ASSERT(reply.is_problem() == (reply.status >= 400), "what is refused is a problem");
    if (written.empty()) return;
    FG_ASSERT(asked.method != http::Method::get, "a read changes nothing");
    if (asked.target.starts_with("/v1/batch")) {
        const auto results = nlohmann::json::parse(reply.body).at("results").size();
        FG_ASSERT(!reply.is_problem() && written.size() <= results, "a line is one record");
        return;
    }
    FG_ASSERT(written.size() == 1 && !reply.replayed, "a request is one record");
    const engine::Record record = decode(written[0]);
    const bool declined = std::holds_alternative<ledger::Declined>(record.mutation.change);
    FG_ASSERT(declined == reply.is_problem(), "what is refused changes nothing");
    if (!declined) return;
    FG_ASSERT(record.key && record.mutation.postings.empty(), "a decline is kept for its key");
    const auto code = http::problem_type(*reply.problem).code;
    FG_ASSERT(to_string(record.receipt.outcome) == code, "what is kept is what was said");
}

/// One key, one answer.
void check_repetition(ApiRig& rig, const Asked& asked, const Reply& reply) {
    const bool keyed = asked.method == http::Method::post && asked.key;
    if (!keyed || reply.status == 503) return;
    // A wallet that does not exist keeps no key; a later line of the batch may have made it.
    if (reply.body.find(R"({"status":404,)") != std::string::npos) return;
    const std::size_t before = rig.log().size();
    const Reply again = ask(rig, asked);
    FG_ASSERT(rig.log().size() == before, "what is repeated has no effect");
    FG_ASSERT(again.status == reply.status && again.body == reply.body, "the answer is the same");
}

struct Sums {
    Amount posted;
    Amount held;
    Amount debt;

    void add(ledger::Side side, Amount amount) {
        const bool is_posted = side == ledger::Side::available || side == ledger::Side::held ||
                               side == ledger::Side::debt;
        if (is_posted) posted += amount;
        if (side == ledger::Side::held) held += amount;
        if (side == ledger::Side::debt) debt -= amount;
    }
};

/// The postings add up to the balances, and the log makes the same state again.
void check_state(ApiRig& rig) {
    std::map<std::uint32_t, Sums> sums;
    std::vector<WalletId> wallets;
    std::vector<AuthorizationId> authorizations;
    for (const std::string& bytes : rig.log().records()) {
        const engine::Record record = decode(bytes);
        for (const ledger::Posting& posting : record.mutation.postings) {
            sums[posting.asset.value].add(posting.source, -posting.amount);
            sums[posting.asset.value].add(posting.destination, posting.amount);
        }
        const auto& change = record.mutation.change;
        if (std::holds_alternative<ledger::WalletCreated>(change)) {
            wallets.push_back(record.mutation.wallet);
        } else if (const auto* opened = std::get_if<ledger::AuthorizationOpened>(&change)) {
            authorizations.push_back(opened->authorization);
        }
    }
    for (const engine::AssetTotals& total : rig.engine().totals()) {
        const Sums& sum = sums[total.asset.value];
        FG_ASSERT(total.ok, "every account is the sum of its grants and holds");
        const bool same =
            total.posted == sum.posted && total.held == sum.held && total.debt == sum.debt;
        FG_ASSERT(same, "the postings add up to the balances");
    }
    support::EngineRig rebuilt;
    rebuilt.clock.set(rig.clock.now());
    const auto replayed = support::replay(rebuilt.engine, rig.log());
    FG_ASSERT(replayed.has_value(), "the log can be replayed");
    FG_ASSERT(
        support::describe(rig.engine(), wallets, authorizations) ==
            support::describe(rebuilt.engine, wallets, authorizations),
        "the same log gives the same state"
    );
}

/// The replies, one after the other, and then the log.
std::vector<std::string> run(ApiRig& rig, const std::vector<Asked>& all, bool compacted) {
    rig.reset();
    std::vector<std::string> trace;
    for (Asked asked : all) {
        if (asked.wait_seconds >= 0) rig.clock.advance(Duration::seconds(asked.wait_seconds));
        FG_ASSERT(rig.engine().sweep().has_value(), "the log takes everything");
        if (asked.wait_seconds >= 0) continue;
        if (compacted && !asked.body.empty()) asked.body = compact(asked.body);
        const std::size_t before = rig.log().size();
        const Reply reply = ask(rig, asked);
        auto records = rig.log().records();
        records.erase(records.begin(), records.begin() + static_cast<std::ptrdiff_t>(before));
        check_effect(asked, reply, records);
        check_repetition(rig, asked, reply);
        // Metrics change by themselves.
        if (is_json(reply)) trace.push_back(std::to_string(reply.status) + " " + reply.body);
    }
    check_state(rig);
    for (std::string& record : rig.log().records()) trace.push_back(std::move(record));
    return trace;
}

/// True if a wallet was made that nobody named.
bool names_wallets(const std::vector<std::string>& trace) {
    constexpr std::string_view prefix = "wallet_";
    return std::any_of(trace.begin(), trace.end(), [&](const std::string& text) {
        for (std::size_t at = text.find(prefix); at != std::string::npos;
             at = text.find(prefix, at + 1)) {
            if (parse_base32(std::string_view(text).substr(at + prefix.size(), 26))) return true;
        }
        return false;
    });
}

/// Whatever is taken for a cursor is one that a list may have given.
template <typename Read>
void check_cursor(std::string_view kind, Read read, const std::string& text) {
    const auto parts = read(text);
    if (!parts || parts->empty()) return;
    const auto again = read(postgres::write_cursor(kind, *parts));
    FG_ASSERT(again && *again == *parts, "a cursor is read as it was written");
    for (const std::string& part : *parts) {
        const bool plain =
            std::all_of(part.begin(), part.end(), [](char c) { return c > ' ' && c < 0x7f; });
        FG_ASSERT(plain, "the database is asked for nothing that it cannot hold");
    }
}

}  // namespace
}  // namespace faregate::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace faregate::fuzz;
    static ApiRig rig;
    const std::string text(reinterpret_cast<const char*>(data), size);
    check_cursor("entries", faregate::postgres::read_entry_cursor, text);
    check_cursor("wallets", faregate::postgres::read_wallet_cursor, text);
    check_cursor("grants", faregate::postgres::read_grant_cursor, text);
    const auto all = read_input(rig.with_ids(text));
    for (const Asked& asked : all) check_reading(rig, asked);
    const auto trace = run(rig, all, false);
    // A wallet that nobody named gets a random id.
    if (!names_wallets(trace)) {
        FG_ASSERT(run(rig, all, true) == trace, "the same requests have the same effects");
    }
    return 0;
}
