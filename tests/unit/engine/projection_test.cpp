#include <gtest/gtest.h>

#include "support/describe.h"
#include "unit/engine/projection_fixture.h"

namespace faregate::engine {
namespace {

using ledger::AuthorizationStatus;
using ledger::GrantStatus;
using ledger::Outcome;
using support::EngineRig;

/// Sends `count` random requests.
void send(Projected& projected, support::RandomTraffic& traffic, int count) {
    for (int i = 0; i < count; ++i) {
        projected.rig.clock.advance(Duration::milliseconds(traffic.below(3'000)));
        const auto request = traffic.next(projected.rig.clock.now());
        traffic.learn(request, projected.rig.execute(request.command, request.key));
    }
}

/// Everything in the database as text, without what depends on how the records were batched (which
/// is nothing).
std::string describe(const support::MemoryDatabase& database) {
    EngineRig loaded;
    EXPECT_TRUE(database.load(EngineOptions{}.retention, loaded.engine.loader()).has_value());
    EXPECT_TRUE(loaded.engine.finish_recovery().has_value());
    std::string text;
    for (const auto& [id, wallet] : database.wallets) text += support::describe(wallet);
    for (const auto& [key, balance] : database.balances) {
        text += key.first + " issued " + balance.issued.to_string(0) + " revenue " +
                balance.revenue.to_string(0) + " breakage " + balance.breakage.to_string(0) +
                " lsn " + std::to_string(balance.lsn.value) + "\n";
    }
    for (const auto& [id, stored] : database.grants) {
        text += support::describe(stored.grant) + " of " + stored.wallet.text() + " amount " +
                stored.amount.to_string(0) + " lsn " + std::to_string(stored.lsn.value) + "\n";
    }
    std::vector<AuthorizationId> ids;
    for (const auto& [id, stored] : database.authorizations) {
        ids.push_back(id);
        text += support::describe(stored.authorization);
        for (const auto& line : stored.lines) {
            for (const auto& part : line.parts) {
                text += "  part " + part.part.grant.text() + " lsn " +
                        std::to_string(part.lsn.value) + " " + std::to_string(part.sequence) + "\n";
            }
        }
    }
    for (const auto& [id, row] : database.debits) text += id.text() + row.description + "\n";
    for (const auto& [id, row] : database.idempotency) text += id.first + row.receipt + "\n";
    for (const auto& [id, row] : database.entries) {
        text += std::to_string(id.first.value) + "." + std::to_string(id.second) + " " +
                row.wallet.text() + " " + to_string(row.source) + " " + to_string(row.destination) +
                " " + row.amount.to_string(0) + " " + row.grant.text() + row.authorization.text() +
                row.debit.text() + "\n";
    }
    text += std::to_string(database.owner->last_at.microseconds);
    return text;
}

TEST(Projection, IsTheSameHoweverTheRecordsAreBatched) {
    for (std::uint32_t seed = 1; seed <= 3; ++seed) {
        Projected projected;
        projected.rig.create_assets();
        support::RandomTraffic traffic(seed, support::wallet_ids(4));
        send(projected, traffic, 300);

        projected.project_all();
        const std::string at_once = describe(projected.database);
        for (const std::size_t size : {1U, 2U, 7U, 50U}) {
            projected.database = {};
            ASSERT_TRUE(projected.store.claim(some_journal, Epoch{}, false).has_value());
            while (projected.database.owner->applied_lsn < projected.rig.log.last()) {
                projected.project(size);
                ASSERT_FALSE(::testing::Test::HasFatalFailure()) << "seed " << seed;
            }
            EXPECT_EQ(describe(projected.database), at_once) << "batches of " << size;
        }
    }
}

TEST(Projection, LoadedIntoAFreshEngineItIsTheEngine) {
    for (std::uint32_t seed = 1; seed <= 6; ++seed) {
        Projected projected;
        projected.rig.create_assets();
        support::RandomTraffic traffic(seed, support::wallet_ids(5));
        for (int round = 0; round < 6; ++round) {
            send(projected, traffic, 100);
            // Everything that was recorded, in batches of random sizes, or all but the newest.
            const std::uint64_t left = round % 2 == 0 ? 0 : traffic.below(60);
            while (projected.database.owner->applied_lsn.value + left < projected.rig.log.size()) {
                projected.project(1 + traffic.below(40));
                ASSERT_FALSE(::testing::Test::HasFatalFailure()) << "seed " << seed;
            }
            Restarted restarted(projected);
            const std::string expected =
                projected.rig.describe(traffic.wallets(), traffic.authorizations());
            ASSERT_EQ(restarted.rig.describe(traffic.wallets(), traffic.authorizations()), expected)
                << "seed " << seed << " round " << round;
        }
    }
}

TEST(Projection, AnEngineThatWasLoadedAnswersLikeTheOneThatWasNot) {
    for (std::uint32_t seed = 11; seed <= 14; ++seed) {
        Projected projected;
        projected.rig.create_assets();
        support::RandomTraffic traffic(seed, support::wallet_ids(5));
        send(projected, traffic, 400);
        projected.project(traffic.below(400));
        Restarted restarted(projected);
        for (int i = 0; i < 150; ++i) {
            projected.rig.clock.advance(Duration::seconds(1));
            restarted.rig.clock.advance(Duration::seconds(1));
            const auto request = traffic.next(projected.rig.clock.now());
            const Execution one = projected.rig.execute(request.command, request.key);
            Execution two = restarted.rig.execute(request.command, request.key);
            if (request.key) two = Restarted::complete(std::move(two), *request.key, projected);
            ASSERT_EQ(one.receipt.outcome, two.receipt.outcome) << "seed " << seed;
            ASSERT_EQ(one.replayed, two.replayed) << "seed " << seed;
        }
    }
}

class ProjectionOf : public ::testing::Test {
  protected:
    ProjectionOf() {
        projected.rig.create_assets();
        projected.rig.create_wallet("acme", "100");
    }

    EngineRig& rig() { return projected.rig; }
    void expect_loaded(const std::vector<AuthorizationId>& authorizations) {
        const std::vector<WalletId> wallets = {WalletId::trusted("acme")};
        Restarted restarted(projected);
        EXPECT_EQ(
            restarted.rig.describe(wallets, authorizations), rig().describe(wallets, authorizations)
        );
    }

    Projected projected;
};

// The row of a late capture that was alone in its batch said that the authorization was never
// closed: the database refused it, and nothing was carried over any more.
TEST_F(ProjectionOf, ALateCaptureLeavesTheMomentOfExpiry) {
    const Execution held = rig().execute(support::authorize("acme", "30", 10));
    rig().clock.advance(Duration::seconds(60));
    ASSERT_TRUE(rig().engine.sweep().has_value());
    projected.project_all();
    rig().execute(support::capture(held, "5"));
    projected.project_all();
    const auto& stored = projected.database.authorizations.at(support::authorization_of(held));
    EXPECT_EQ(stored.authorization.status, AuthorizationStatus::expired);
    EXPECT_TRUE(stored.authorization.late);
    EXPECT_EQ(stored.authorization.closed_at, held.receipt.expires_at);
    expect_loaded({support::authorization_of(held)});
}

TEST_F(ProjectionOf, PartsKeepTheOrderOfTheirFirstReservation) {
    const Execution first = rig().execute(support::authorize("acme", "100"));
    auto early = support::grant("acme", "50");
    early.priority = 1;
    rig().execute(early);
    projected.project_all();
    rig().execute(ledger::Increment{support::authorization_of(first), support::amounts("20"), {}});
    projected.project_all();
    rig().execute(ledger::Capture{support::authorization_of(first), support::amounts("100"), false}
    );
    projected.project_all();
    rig().execute(support::grant("acme", "10"));
    rig().execute(ledger::Increment{support::authorization_of(first), support::amounts("40"), {}});
    projected.project_all();
    expect_loaded({support::authorization_of(first)});
}

TEST_F(ProjectionOf, AScheduledGrantIsLoadedWithItsWholeAmount) {
    auto scheduled = support::grant("acme", "50");
    scheduled.effective_at = rig().clock.now() + Duration::seconds(60);
    const GrantId id = support::grant_of(rig().execute(scheduled));
    projected.project_all();
    EXPECT_EQ(projected.database.grants.at(id).grant.remaining, Amount{});
    expect_loaded({});
    Restarted restarted(projected);
    restarted.rig.clock.advance(Duration::seconds(60));
    EXPECT_EQ(restarted.rig.usd("acme"), "150/0/150");
    rig().clock.advance(Duration::seconds(60));
    EXPECT_EQ(rig().usd("acme"), "150/0/150");
    projected.project_all();
    EXPECT_EQ(projected.database.grants.at(id).grant.status, GrantStatus::active);
    expect_loaded({});
}

TEST_F(ProjectionOf, AHotWalletIsOneRowPerBatch) {
    const std::size_t before = rig().log.size();
    for (int i = 0; i < 40; ++i)
        rig().execute(support::debit("acme", "1"), support::key(std::to_string(i)));
    ProjectionBuilder builder;
    const auto records = rig().log.records();
    for (std::size_t i = before; i < records.size(); ++i) {
        builder.add(Lsn{i + 1}, *decode_record(records[i]));
    }
    const ProjectionBatch& batch = builder.batch();
    EXPECT_EQ(batch.first, Lsn{before + 1});
    EXPECT_EQ(batch.last, rig().log.last());
    EXPECT_EQ(batch.wallets.size(), 1U);
    EXPECT_EQ(batch.balances.size(), 1U);
    EXPECT_EQ(batch.grants.size(), 1U);
    EXPECT_EQ(batch.debits.size(), 40U);
    EXPECT_EQ(batch.entries.size(), 40U);
    EXPECT_EQ(batch.idempotency.size(), 40U);
    EXPECT_EQ(batch.balances[0].posted.to_string(2), "-40");
    EXPECT_EQ(batch.balances[0].revenue.to_string(2), "40");
    EXPECT_EQ(batch.grants[0].remaining.to_string(2), "-40");
    builder.clear();
    EXPECT_TRUE(builder.batch().empty());
    builder.add(Lsn{7}, *decode_record(records[before]));
    EXPECT_EQ(builder.batch().first, Lsn{7});
    EXPECT_EQ(builder.batch().wallets.size(), 1U);
}

TEST_F(ProjectionOf, KeysAreLoadedWithTheirAnswers) {
    const Execution granted = rig().execute(support::grant("acme", "5"), support::key("grant"));
    const ledger::RevokeGrant revoke{support::grant_of(granted)};
    const Execution revoked = rig().execute(revoke, support::key("revoke"));
    const Execution declined =
        rig().execute(support::debit("acme", "900"), support::key("declined"));
    const auto asset = rig().engine.create_asset(support::asset("EUR", 2), support::key("asset"));
    projected.project_all();
    Restarted restarted(projected);
    const auto expect_same = [&](const Execution& again, const char* key, const Execution& first) {
        EXPECT_TRUE(again.replayed);
        EXPECT_TRUE(again.answer_elsewhere);
        EXPECT_EQ(again.lsn, first.lsn);
        const Execution whole = Restarted::complete(again, support::key(key), projected);
        EXPECT_EQ(support::describe(whole.receipt), support::describe(first.receipt));
    };
    EngineRig& after = restarted.rig;
    const auto grant = support::grant("acme", "5");
    expect_same(after.execute(grant, support::key("grant")), "grant", granted);
    expect_same(after.execute(revoke, support::key("revoke")), "revoke", revoked);
    const auto debit = support::debit("acme", "900");
    expect_same(after.execute(debit, support::key("declined")), "declined", declined);
    const auto eur = support::asset("EUR", 2);
    expect_same(*after.engine.create_asset(eur, support::key("asset")), "asset", *asset);
    EXPECT_EQ(restarted.rig.log.size(), 0U);
}

TEST_F(ProjectionOf, AKeyThatIsUsedAgainAfterTheRetentionHasItsNewAnswer) {
    rig().execute(support::debit("acme", "1"), support::key("k", "one"));
    projected.project_all();
    rig().clock.advance(EngineRig::default_options().retention);
    const Execution second = rig().execute(support::debit("acme", "2"), support::key("k", "two"));
    EXPECT_EQ(second.receipt.outcome, Outcome::accepted);
    projected.project_all();
    Restarted restarted(projected);
    EXPECT_TRUE(
        restarted.rig.execute(support::debit("acme", "2"), support::key("k", "two")).replayed
    );
}

// A load leaves out what was closed long ago, and so, after the retention was shortened, records
// may speak of an authorization that is not there.
TEST_F(ProjectionOf, ALateCaptureOfAnAuthorizationThatWasNotLoadedIsReplayed) {
    const Execution held = rig().execute(support::authorize("acme", "30", 10));
    rig().clock.advance(Duration::seconds(10));
    ASSERT_TRUE(rig().engine.sweep().has_value());
    rig().clock.advance(Duration::seconds(3600));
    rig().execute(support::debit("acme", "1"));
    projected.project_all();
    const Execution captured = rig().execute(support::capture(held), support::key("late"));
    ASSERT_EQ(captured.receipt.outcome, Outcome::accepted);

    // A restart with a shorter retention, and with the capture still in the journal alone.
    Restarted restarted(projected, Duration::seconds(60));
    EXPECT_EQ(restarted.rig.usd("acme"), "69/0/69");
    EXPECT_TRUE(restarted.rig.execute(support::capture(held), support::key("late")).replayed);
}

}  // namespace
}  // namespace faregate::engine
