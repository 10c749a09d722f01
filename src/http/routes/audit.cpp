// GET /v1/audit
#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <map>

#include "http/query_reader.h"
#include "http/render.h"
#include "http/routes/routes.h"
#include "http/wallet_view.h"

namespace faregate::http {
namespace {

constexpr int attempts_max = 6;
constexpr std::chrono::milliseconds pause{20};

/// What memory adds up to. `lsn` is set if nothing was appended meanwhile: it is then the state
/// after exactly that record.
struct Memory {
    std::vector<engine::AssetTotals> totals;
    engine::AssetCataloguePtr assets;
    std::optional<Lsn> lsn;
    Lsn seen;  ///< everything in the totals has an LSN up to here

    bool consistent() const {
        return std::all_of(totals.begin(), totals.end(), [](const auto& each) { return each.ok; });
    }
};

/// Both sides of the comparison.
struct Audited {
    Memory memory;
    postgres::Audit projection;
    bool compared = false;
};

/// One asset's sums in memory, as texts.
struct Sums {
    std::string posted = "0";
    std::string held = "0";
    std::string debt = "0";
    bool ok = true;

    bool agrees(const postgres::AssetAudit& projected) const {
        return posted == projected.posted && held == projected.held && debt == projected.debt;
    }
};

/// Runs on a worker: it looks at every wallet.
Memory add_up(const Dependencies& uses) {
    Memory memory;
    const Lsn before = uses.health.appended_lsn();
    memory.totals = uses.engine.totals();
    memory.assets = uses.engine.assets().value;
    memory.seen = uses.health.appended_lsn();
    if (before == memory.seen) memory.lsn = memory.seen;
    return memory;
}

Task<tl::expected<Audited, Problem>> audit_once(Exchange& exchange) {
    const Dependencies& uses = exchange.services.uses;
    Audited audited;
    std::function<Memory()> sum = [&uses] { return add_up(uses); };
    audited.memory = co_await exchange.services.workers.run<Memory>(std::move(sum));
    const auto behind = co_await await_projection(exchange, audited.memory.seen);
    if (behind) co_return tl::unexpected<Problem>(*behind);
    std::function<Result<postgres::Audit>()> question = [&uses] { return uses.queries.audit(); };
    auto projection = co_await ask(exchange, std::move(question));
    if (!projection) co_return tl::unexpected<Problem>(projection.error());
    audited.projection = std::move(*projection);
    audited.compared = audited.memory.lsn == audited.projection.applied_lsn;
    co_return audited;
}

Task<void> rest() {
    const Executor executor = co_await asio::this_coro::executor;
    asio::basic_waitable_timer<
        std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, Executor>
        timer(executor);
    timer.expires_after(pause);
    boost::system::error_code ignored;
    co_await timer.async_wait(asio::redirect_error(use_task, ignored));
}

std::map<std::string, Sums, std::less<>> sums_by_asset(const Memory& memory) {
    std::map<std::string, Sums, std::less<>> sums;
    for (const engine::AssetTotals& total : memory.totals) {
        const ledger::Asset& asset = memory.assets->at(total.asset);
        Sums& each = sums[asset.code];
        each.posted = total.posted.to_string(asset.scale);
        each.held = total.held.to_string(asset.scale);
        each.debt = total.debt.to_string(asset.scale);
        each.ok = total.ok;
    }
    return sums;
}

/// True if memory has no money in an asset that the projection does not know.
bool nothing_else(
    const std::map<std::string, Sums, std::less<>>& sums, const postgres::Audit& projection
) {
    const auto known = [&](const std::string& asset) {
        return std::any_of(
            projection.assets.begin(), projection.assets.end(),
            [&](const postgres::AssetAudit& each) { return each.asset == asset; }
        );
    };
    return std::all_of(sums.begin(), sums.end(), [&](const auto& each) {
        const Sums& sum = each.second;
        const bool empty = sum.posted == "0" && sum.held == "0" && sum.debt == "0";
        return empty || known(each.first);
    });
}

/// Writes `assets` and returns whether all of it is in order.
bool write_assets(JsonWriter& json, const Audited& audited) {
    const auto sums = sums_by_asset(audited.memory);
    bool all_ok = true;
    json.key("assets");
    json.begin_array();
    for (const postgres::AssetAudit& projected : audited.projection.assets) {
        const auto found = sums.find(projected.asset);
        const Sums memory = found == sums.end() ? Sums{} : found->second;
        const bool ok =
            projected.ok && (!audited.compared || (memory.ok && memory.agrees(projected)));
        all_ok = all_ok && ok;
        json.begin_object();
        json.member("asset", projected.asset);
        json.member("issued", projected.issued);
        json.member("posted", projected.posted);
        json.member("held", projected.held);
        json.member("debt", projected.debt);
        json.member("revenue", projected.revenue);
        json.member("breakage", projected.breakage);
        json.member("held_by_authorizations", projected.held_by_authorizations);
        if (audited.compared) {
            json.key("memory");
            json.begin_object();
            json.member("posted", memory.posted);
            json.member("held", memory.held);
            json.member("debt", memory.debt);
            json.end_object();
        }
        json.member("ok", ok);
        json.end_object();
    }
    json.end_array();
    return all_ok && (!audited.compared || nothing_else(sums, audited.projection));
}

Reply render(const Audited& audited, Lsn durable, Lsn applied) {
    std::string assets;
    JsonWriter inner(assets);
    const bool assets_ok = write_assets(inner, audited);
    Reply reply;
    JsonWriter json(reply.body);
    json.begin_object();
    json.member("ok", assets_ok && audited.projection.ok && audited.memory.consistent());
    json.member("memory_ok", audited.memory.consistent());
    json.member("memory_compared", audited.compared);
    json.member("audited_lsn", audited.projection.applied_lsn.value);
    json.member("durable_lsn", durable.value);
    json.member("applied_lsn", applied.value);
    json.member("lag", durable.value - std::min(durable, applied).value);
    reply.body += ',';
    reply.body += assets;
    json.end_object();
    return reply;
}

}  // namespace

// Memory and projection can be compared only where both show the same LSN. Under load they may
// never meet; then each is checked by itself, and the answer says so.
Task<Reply> get_audit(Exchange& exchange) {
    auto problem = read_headers(exchange);
    const QueryReader query(exchange.request.query, {}, problem);
    problem = co_await admit_reader(exchange, std::move(problem));
    if (problem) co_return Reply(*problem);

    Audited audited;
    for (int attempt = 0; attempt < attempts_max && !audited.compared; ++attempt) {
        if (attempt > 0) co_await rest();
        auto once = co_await audit_once(exchange);
        if (!once) co_return Reply(once.error());
        audited = std::move(*once);
    }
    const Dependencies& uses = exchange.services.uses;
    const Lsn applied = uses.applied.value();
    co_return render(audited, std::max(uses.durable.value(), applied), applied);
}

}  // namespace faregate::http
