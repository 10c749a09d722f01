// What a wallet with one grant and what a kept idempotency key take of the heap: the engine alone,
// filled with many of them.
#include <fmt/format.h>
#include <malloc.h>

#include <charconv>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "faregate/core/assert.h"
#include "faregate/engine/engine.h"

namespace {

using namespace faregate;

/// A database that has everything at once, so that answers leave as soon as there is no room.
class AppliedLog final : public engine::MutationLog {
  public:
    Result<Lsn> append(std::string_view) override { return lsn_ = lsn_.next(); }
    Lsn applied_lsn() const override { return lsn_; }

  private:
    Lsn lsn_;
};

std::size_t heap() {
    const struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

void accept(const Result<engine::Execution>& execution) {
    const bool accepted = execution && execution->receipt.outcome == ledger::Outcome::accepted;
    FG_ASSERT(accepted, "a command was declined");
}

void measure(std::uint64_t wallets, std::uint64_t keys) {
    SystemClock clock;
    AppliedLog log;
    engine::Engine engine(clock, log, {});
    accept(engine.create_asset(ledger::CreateAsset{"USD", 9, "", ""}, std::nullopt));
    const auto wallet_id = [](std::uint64_t i) {
        return WalletId::trusted("user_" + std::to_string(i));
    };

    const std::size_t before = heap();
    for (std::uint64_t i = 0; i < wallets; ++i) {
        ledger::CreateWallet create;
        create.wallet = wallet_id(i);
        accept(engine.execute(create, std::nullopt));
        ledger::AddGrant grant;
        grant.wallet = create.wallet;
        grant.amount = {"USD", Decimal::parse("1000000")};
        accept(engine.execute(grant, std::nullopt));
    }
    const std::size_t with_wallets = heap();
    fmt::print(
        "{} wallets with a grant: {:.1f} bytes each\n", wallets,
        static_cast<double>(with_wallets - before) / static_cast<double>(wallets)
    );

    for (std::uint64_t i = 0; i < keys; ++i) {
        ledger::Debit debit;
        debit.wallet = wallet_id(i % wallets);
        debit.amounts = {{"USD", Decimal::parse("0.000000001")}};
        accept(engine.execute(debit, engine::IdempotencyKey::make(std::to_string(i), "debit")));
    }
    fmt::print(
        "{} idempotency keys: {:.1f} bytes each, the memory for answers included\n", keys,
        static_cast<double>(heap() - with_wallets) / static_cast<double>(keys)
    );
}

std::uint64_t number(const char* text) {
    const std::string_view view(text);
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(view.data(), view.data() + view.size(), value);
    const bool whole = error == std::errc{} && end == view.data() + view.size() && value > 0;
    if (whole) return value;
    fmt::print(stderr, "\"{}\" is not a number above zero\n", text);
    std::exit(2);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc > 3) {
        fmt::print(stderr, "usage: memory_bench [WALLETS [KEYS]]\n");
        return 2;
    }
    measure(argc > 1 ? number(argv[1]) : 1'000'000, argc > 2 ? number(argv[2]) : 10'000'000);
    return 0;
}
