#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <latch>
#include <map>
#include <thread>
#include <vector>

#include "faregate/engine/record.h"
#include "support/engine_rig.h"
#include "support/random_traffic.h"

namespace faregate::engine {
namespace {

using ledger::AuthorizationStatus;
using ledger::Outcome;
using support::EngineRig;

/// Runs `body(0)` to `body(count - 1)` at once, each on a thread of its own.
void at_once(int count, const std::function<void(int)>& body) {
    std::latch start(count);
    std::vector<std::thread> threads;
    for (int i = 0; i < count; ++i) {
        threads.emplace_back([&, i] {
            start.arrive_and_wait();
            body(i);
        });
    }
    for (std::thread& thread : threads) thread.join();
}

/// The engine that its log tells of must be the engine.
void expect_log_tells_the_state(
    EngineRig& rig, const std::vector<WalletId>& wallets,
    const std::vector<AuthorizationId>& authorizations
) {
    EngineRig rebuilt(EngineRig::default_options(), rig.log.last());
    rebuilt.clock.set(rig.clock.now());
    const Status replayed = support::replay(rebuilt.engine, rig.log);
    ASSERT_TRUE(replayed.has_value()) << replayed.error().message;
    EXPECT_EQ(rebuilt.describe(wallets, authorizations), rig.describe(wallets, authorizations));
}

TEST(Concurrency, LsnsOfAWalletAreInTheOrderOfItsEffects) {
    EngineRig rig;
    rig.create_assets();
    const auto wallets = support::wallet_ids(6);
    std::vector<std::vector<AuthorizationId>> made(8);
    at_once(8, [&](int thread) {
        support::RandomTraffic traffic(static_cast<std::uint32_t>(thread + 1), wallets);
        for (int i = 0; i < 300; ++i) {
            if (i % 10 == 0) rig.clock.advance(Duration::milliseconds(200));
            const auto request = traffic.next(rig.clock.now());
            traffic.learn(request, rig.execute(request.command, request.key));
        }
        made[static_cast<std::size_t>(thread)] = traffic.authorizations();
    });
    std::vector<AuthorizationId> all;
    for (const auto& each : made) all.insert(all.end(), each.begin(), each.end());
    // Replay refuses a wallet's records that are out of order, and the sums would not be the same.
    expect_log_tells_the_state(rig, wallets, all);
    std::map<std::string, Timestamp> last;
    for (const std::string& bytes : rig.log.records()) {
        const auto record = decode_record(bytes);
        Timestamp& before = last[record->mutation.wallet.text()];
        EXPECT_LE(before, record->mutation.at) << "time went back for a wallet";
        before = record->mutation.at;
    }
    for (const AssetTotals& total : rig.engine.totals()) EXPECT_TRUE(total.ok);
}

TEST(Concurrency, OneHundredDollarsAreAuthorizedExactlyOnce) {
    EngineRig rig;
    rig.create_assets();
    rig.create_wallet("acme", "100");
    std::atomic<int> accepted{0};
    std::atomic<int> declined{0};
    at_once(64, [&](int) {
        for (int i = 0; i < 5; ++i) {
            const Execution execution = rig.execute(support::authorize("acme", "1"));
            const bool yes = execution.receipt.outcome == Outcome::accepted;
            EXPECT_TRUE(yes || execution.receipt.outcome == Outcome::insufficient_funds);
            ++(yes ? accepted : declined);
        }
    });
    EXPECT_EQ(accepted, 100);
    EXPECT_EQ(declined, 220);
    EXPECT_EQ(rig.usd("acme"), "100/100/0");
}

TEST(Concurrency, SixteenAmountsInTwoAssetsNeverOverspend) {
    EngineRig rig;
    rig.create_assets();
    rig.create_wallet("acme", "100");
    rig.execute(support::grant("acme", "TOK:1000"));
    std::atomic<int> cents{0};
    std::atomic<int> tokens{0};
    at_once(16, [&](int thread) {
        const int units = 137 + 31 * thread;
        const std::string amount =
            Amount::from_units(units).to_string(2) + ",TOK:" + std::to_string(7 + thread);
        for (int i = 0; i < 20; ++i) {
            if (rig.execute(support::authorize("acme", amount)).receipt.outcome !=
                Outcome::accepted) {
                continue;
            }
            cents += units;
            tokens += 7 + thread;
        }
    });
    const auto wallet = (*rig.engine.wallet(WalletId::trusted("acme")))->value;
    EXPECT_EQ(wallet.accounts[0].held, Amount::from_units(cents));
    EXPECT_EQ(wallet.accounts[1].held, Amount::from_units(tokens));
    EXPECT_LE(cents, 10'000);
    EXPECT_LE(tokens, 1'000);
    // No further request fits, and none that fitted was declined.
    EXPECT_LT(wallet.accounts[0].available().units(), 137 + 31 * 15);
}

TEST(Concurrency, CaptureVoidAndExpiryHaveOneWinner) {
    EngineRig rig;
    rig.create_assets();
    rig.create_wallet("acme", "1000");
    int captured = 0;
    int voided = 0;
    int expired = 0;
    std::vector<AuthorizationId> ids;
    for (int round = 0; round < 60; ++round) {
        const Execution held = rig.execute(support::authorize("acme", "5", 10));
        const AuthorizationId id = support::authorization_of(held);
        ids.push_back(id);
        std::atomic<int> winners{0};
        at_once(6, [&](int thread) {
            if (thread == 0) rig.clock.advance(Duration::seconds(10));
            if (thread == 1) static_cast<void>(rig.engine.sweep());
            if (thread < 2) return;
            const bool capture = thread % 2 == 0;
            const Execution ended = capture ? rig.execute(support::capture(held))
                                            : rig.execute(support::give_back(held));
            if (ended.receipt.outcome == Outcome::accepted && !ended.receipt.late) ++winners;
        });
        const auto end = (*rig.engine.authorization(id))->value;
        EXPECT_FALSE(end.is_open());
        EXPECT_EQ(winners, end.status == AuthorizationStatus::expired ? 0 : 1);
        captured += end.lines[0].captured.is_positive() ? 1 : 0;
        voided += end.status == AuthorizationStatus::voided ? 1 : 0;
        expired += end.status == AuthorizationStatus::expired && !end.late ? 1 : 0;
    }
    EXPECT_EQ(captured + voided + expired, 60);
    EXPECT_EQ(
        rig.usd("acme").substr(0, rig.usd("acme").find('/')), std::to_string(1000 - 5 * captured)
    );
    expect_log_tells_the_state(rig, {WalletId::trusted("acme")}, ids);
}

TEST(Concurrency, OneKeyHasOneEffect) {
    EngineRig rig;
    rig.create_assets();
    rig.create_wallet("acme", "1000");
    for (int round = 0; round < 20; ++round) {
        std::atomic<int> fresh{0};
        std::atomic<std::uint64_t> lsn_sum{0};
        at_once(8, [&](int) {
            const Execution execution =
                rig.execute(support::debit("acme", "1"), support::key(std::to_string(round)));
            EXPECT_EQ(execution.receipt.outcome, Outcome::accepted);
            if (!execution.replayed) ++fresh;
            lsn_sum += execution.lsn.value;
        });
        EXPECT_EQ(fresh, 1);
        EXPECT_EQ(lsn_sum, 8 * rig.log.last().value);
    }
    EXPECT_EQ(rig.usd("acme"), "980/0/980");
}

TEST(Concurrency, AssetsAreCreatedWhileOthersAreUsed) {
    EngineRig rig;
    rig.create_assets();
    const auto wallets = support::wallet_ids(8);
    for (const WalletId& wallet : wallets) rig.create_wallet(wallet.text(), "100");
    at_once(8, [&](int thread) {
        const std::string wallet = wallets[static_cast<std::size_t>(thread)].text();
        for (int i = 0; i < 40; ++i) {
            // Every asset is created by two threads, of which one is the first.
            const std::string code = "A" + std::to_string(thread / 2) + "." + std::to_string(i);
            const auto created = rig.engine.create_asset(support::asset(code, 0), {});
            ASSERT_TRUE(created.has_value());
            const Execution granted = rig.execute(support::grant(wallet, code + ":5"));
            EXPECT_EQ(granted.receipt.outcome, Outcome::accepted);
            EXPECT_GT(granted.lsn, granted.assets->find(code)->lsn);
            EXPECT_EQ(
                rig.execute(support::debit(wallet, code + ":5")).receipt.outcome, Outcome::accepted
            );
            static_cast<void>(rig.engine.totals());
        }
    });
    EXPECT_EQ(rig.engine.assets().value->size(), 2U + 4 * 40);
    expect_log_tells_the_state(rig, wallets, {});
}

TEST(Concurrency, ALogThatRefusesNowAndThenLosesNothing) {
    EngineRig rig;
    rig.create_assets();
    const auto wallets = support::wallet_ids(4);
    for (const WalletId& wallet : wallets) rig.create_wallet(wallet.text(), "1000");
    std::atomic<bool> done{false};
    std::thread saboteur([&] {
        while (!done) {
            rig.log.refuse_after(3);
            std::this_thread::yield();
            rig.log.accept_again();
        }
    });
    std::atomic<int> accepted{0};
    at_once(4, [&](int thread) {
        for (int i = 0; i < 200; ++i) {
            const auto& wallet = wallets[static_cast<std::size_t>((thread + i) % 4)];
            const auto execution = rig.try_execute(support::debit(wallet.text(), "1"));
            if (execution && execution->receipt.outcome == Outcome::accepted) ++accepted;
        }
    });
    done = true;
    saboteur.join();
    rig.log.accept_again();
    EXPECT_EQ(rig.engine.totals()[0].posted, Amount::from_units(100 * (4000 - accepted)));
    expect_log_tells_the_state(rig, wallets, {});
}

}  // namespace
}  // namespace faregate::engine
