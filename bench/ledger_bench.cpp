// What the rules cost in process: one thread, no journal, no network. Each iteration is one or two
// whole commands.

#include <benchmark/benchmark.h>

#include <string>

#include "faregate/core/assert.h"
#include "faregate/engine/engine.h"
#include "faregate/ledger/apply.h"
#include "faregate/ledger/decide.h"

namespace {

using namespace faregate;
using namespace faregate::ledger;

/// A wallet with `grants` grants of a trillion units each.
class Book {
  public:
    explicit Book(std::int64_t grants) {
        Asset asset;
        asset.code = "USD";
        asset.scale = 9;
        assets_.add(asset);
        decide(context(), nullptr, CreateWallet{id_, "", OverCapture::cap, ""}, decision_);
        wallet_ = create_wallet(decision_.mutation, next_lsn());
        for (std::int64_t i = 0; i < grants; ++i) {
            AddGrant grant;
            grant.wallet = id_;
            grant.amount = {"USD", Decimal::parse("1e12")};
            decide(context(), &wallet_, grant, decision_);
            commit(nullptr);
        }
    }

    void debit(const Debit& command) {
        decide(context(), &wallet_, command, decision_);
        commit(nullptr);
    }

    void authorize_and_capture(const Authorize& authorize) {
        decide(context(), &wallet_, authorize, decision_);
        Authorization authorization = open_authorization(decision_.mutation);
        commit(&authorization);
        Capture capture;
        capture.authorization = authorization.id;
        decide(context(), &wallet_, &authorization, capture, decision_);
        commit(&authorization);
    }

    const WalletId& id() const { return id_; }

  private:
    Context context() { return {assets_, Timestamp{++now_}, Uid{1, ++uid_}}; }
    Lsn next_lsn() { return lsn_ = lsn_.next(); }

    void commit(Authorization* authorization) {
        FG_ASSERT(decision_.has_mutation, "the benchmark's command was declined");
        apply(wallet_, authorization, decision_.mutation, next_lsn());
    }

    AssetCatalogue assets_;
    WalletId id_ = WalletId::trusted("bench");
    Wallet wallet_;
    Decision decision_;
    Lsn lsn_;
    std::int64_t now_ = 0;
    std::uint64_t uid_ = 0;
};

void ledger_debit(benchmark::State& state) {
    Book book(state.range(0));
    Debit command;
    command.wallet = book.id();
    command.amounts = {{"USD", Decimal::parse("0.000000001")}};
    for (auto _ : state) book.debit(command);
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(ledger_debit)->Arg(1)->Arg(10)->Arg(1000);

void ledger_authorize_and_capture(benchmark::State& state) {
    Book book(state.range(0));
    Authorize command;
    command.wallet = book.id();
    command.amounts = {{"USD", Decimal::parse("0.000000001")}};
    for (auto _ : state) book.authorize_and_capture(command);
    state.SetItemsProcessed(2 * state.iterations());
}
BENCHMARK(ledger_authorize_and_capture)->Arg(1)->Arg(10)->Arg(1000);

class CountingLog final : public engine::MutationLog {
  public:
    Result<Lsn> append(std::string_view record) override {
        benchmark::DoNotOptimize(record.data());
        return lsn_ = lsn_.next();
    }
    Lsn applied_lsn() const override { return lsn_; }

  private:
    Lsn lsn_;
};

/// The whole engine: stripe, clock, record, without a disk behind it.
void engine_debit(benchmark::State& state) {
    SystemClock clock;
    CountingLog log;
    engine::Engine engine(clock, log, {});
    const auto run = [&](const Command& command) {
        const auto execution = engine.execute(command, std::nullopt);
        FG_ASSERT(execution->receipt.outcome == Outcome::accepted, "the command was declined");
    };
    const auto created = engine.create_asset(CreateAsset{"USD", 9, "", ""}, std::nullopt);
    FG_ASSERT(created.has_value(), "the asset was not created");
    for (std::int64_t i = 0; i < state.range(0); ++i) {
        const auto wallet = WalletId::trusted("wallet-" + std::to_string(i));
        run(CreateWallet{wallet, "", OverCapture::cap, ""});
        AddGrant grant;
        grant.wallet = wallet;
        grant.amount = {"USD", Decimal::parse("1e12")};
        run(grant);
    }
    Debit command;
    command.amounts = {{"USD", Decimal::parse("0.000000001")}};
    std::int64_t next = 0;
    for (auto _ : state) {
        command.wallet = WalletId::trusted("wallet-" + std::to_string(next));
        next = (next + 7919) % state.range(0);
        run(command);
    }
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(engine_debit)->Arg(1)->Arg(1000)->Arg(100'000);

}  // namespace

BENCHMARK_MAIN();
