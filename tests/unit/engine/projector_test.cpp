#include "faregate/engine/projector.h"

#include <gtest/gtest.h>

#include <utility>

#include "faregate/journal/journal.h"
#include "faregate/journal/reader.h"
#include "support/describe.h"
#include "support/memory_disk.h"
#include "unit/engine/projection_fixture.h"

namespace faregate::engine {
namespace {

using support::EngineRig;

/// A journal on a simulated disk that holds what an engine wrote into its log, and a projector that
/// carries it into a database in memory.
class ProjectorTest : public ::testing::Test {
  protected:
    ProjectorTest() {
        journal::NewJournal start;
        start.id = some_journal;
        start.epoch = Epoch{1};
        journal::JournalOptions options;
        options.file_size = 1 << 18;
        options.frame_size_max = 1 << 16;
        options.record_size_max = 1 << 15;
        options.queue_size_max = 1 << 17;
        auto created = journal::Journal::create(disk, disk.lock().value(), start, options);
        EXPECT_TRUE(created.has_value());
        journal = std::move(*created);
        EXPECT_TRUE(store.claim(some_journal, Epoch{}, false).has_value());
        make_projector(store, 10);
    }

    void make_projector(ProjectionStore& to, std::uint32_t batch_records_max) {
        projector.emplace(
            to,
            [this](Lsn first) {
                opened.push_back(first);
                return journal::JournalReader::open(disk, first);
            },
            Projector::Options{batch_records_max}
        );
    }

    /// Sends random requests, and makes all of their records durable.
    void send(int count) {
        if (rig.log.size() == 0) rig.create_assets();
        for (int i = 0; i < count; ++i) {
            rig.clock.advance(Duration::seconds(1));
            const auto request = traffic.next(rig.clock.now());
            traffic.learn(request, rig.execute(request.command, request.key));
        }
        const auto records = rig.log.records();
        for (std::uint64_t i = journal->last_lsn().value; i < records.size(); ++i) {
            ASSERT_TRUE(journal->prepare_once().has_value());
            ASSERT_EQ(journal->append(records[i]).value(), Lsn{i + 1});
            if (i % 5 == 0) journal->write_once();
        }
        journal->write_once();
        ASSERT_EQ(journal->durable_lsn(), rig.log.last());
    }

    /// Steps until the store has everything that is durable.
    void catch_up() {
        for (int i = 0; i < 1'000; ++i) {
            const auto stepped = projector->step(journal->durable_lsn());
            ASSERT_TRUE(stepped.has_value()) << stepped.error().message;
            if (*stepped == journal->durable_lsn()) return;
        }
        FAIL() << "the projector does not get there";
    }

    void expect_complete() {
        EXPECT_EQ(database.owner->applied_lsn, rig.log.last());
        EXPECT_EQ(database.audit(), "");
        EngineRig loaded;
        loaded.clock.set(rig.clock.now());
        ASSERT_TRUE(database.load(EngineOptions{}.retention, loaded.engine.loader()).has_value());
        ASSERT_TRUE(loaded.engine.finish_recovery().has_value());
        const std::size_t known = rig.log.size();
        const std::string expected = rig.describe(traffic.wallets(), traffic.authorizations());
        ASSERT_EQ(rig.log.size(), known) << "nothing became due in between";
        EXPECT_EQ(loaded.describe(traffic.wallets(), traffic.authorizations()), expected);
    }

    support::MemoryDisk disk;
    std::unique_ptr<journal::Journal> journal;
    EngineRig rig;
    support::RandomTraffic traffic{1, support::wallet_ids(4)};
    support::MemoryDatabase database;
    support::MemoryProjectionStore store{database};
    std::vector<Lsn> opened;
    std::optional<Projector> projector;
};

TEST_F(ProjectorTest, CarriesEverythingThatIsDurableAndNotMore) {
    EXPECT_EQ(projector->step(Lsn{}).value(), Lsn{});
    EXPECT_EQ(store.commit_count(), 0U);
    send(200);
    EXPECT_EQ(projector->step(Lsn{4}).value(), Lsn{4});
    EXPECT_EQ(projector->step(Lsn{4}).value(), Lsn{4});
    EXPECT_EQ(store.commit_count(), 1U);
    EXPECT_EQ(projector->step(journal->durable_lsn()).value(), Lsn{14});
    catch_up();
    expect_complete();
    EXPECT_EQ(store.commit_count(), 1 + (rig.log.size() - 4 + 9) / 10);
    EXPECT_EQ(opened, (std::vector<Lsn>{Lsn{1}}));
    // It goes on with what comes later, without opening the journal again.
    send(30);
    catch_up();
    expect_complete();
    EXPECT_EQ(opened.size(), 1U);
}

TEST_F(ProjectorTest, ALostAnswerIsNeitherRepeatedNorSkipped) {
    send(100);
    ASSERT_EQ(projector->step(Lsn{10}).value(), Lsn{10});
    store.lose_next_answer();
    EXPECT_EQ(projector->step(Lsn{20}).error().code, ErrorCode::unavailable);
    EXPECT_EQ(database.owner->applied_lsn, Lsn{20});
    // The next step learns that the batch is there.
    EXPECT_EQ(projector->step(Lsn{20}).value(), Lsn{20});
    EXPECT_EQ(opened, (std::vector<Lsn>{Lsn{1}, Lsn{21}}));
    catch_up();
    expect_complete();
}

TEST_F(ProjectorTest, ARefusedCommitIsMadeAgain) {
    send(100);
    store.refuse_next_commit();
    EXPECT_EQ(projector->step(Lsn{10}).error().code, ErrorCode::unavailable);
    EXPECT_EQ(database.owner->applied_lsn, Lsn{});
    EXPECT_EQ(projector->step(Lsn{10}).value(), Lsn{10});
    catch_up();
    expect_complete();
}

TEST_F(ProjectorTest, ADatabaseThatIsAwayIsCaughtUpWhenItIsBack) {
    send(50);
    catch_up();
    store.go_away();
    send(50);
    for (int i = 0; i < 3; ++i) {
        const auto stepped = projector->step(journal->durable_lsn());
        EXPECT_EQ(stepped.error().code, ErrorCode::unavailable);
    }
    send(50);
    store.come_back();
    catch_up();
    expect_complete();
}

TEST_F(ProjectorTest, ADatabaseThatIsAwayAtFirstIsAskedAgain) {
    store.go_away();
    send(20);
    EXPECT_EQ(projector->step(Lsn{5}).error().code, ErrorCode::unavailable);
    EXPECT_TRUE(opened.empty());
    store.come_back();
    catch_up();
    expect_complete();
}

TEST_F(ProjectorTest, ADatabaseThatHasFallenBackIsCaughtUp) {
    send(60);
    ASSERT_EQ(projector->step(Lsn{10}).value(), Lsn{10});
    const support::MemoryDatabase backup = database;
    catch_up();
    send(40);
    database = backup;  // A fail-over that has lost the newest commits.
    const auto stepped = projector->step(journal->durable_lsn());
    EXPECT_EQ(stepped.error().code, ErrorCode::unavailable);
    catch_up();
    EXPECT_EQ(opened.back(), Lsn{11});
    expect_complete();
}

TEST_F(ProjectorTest, AFencedOneStops) {
    send(40);
    ASSERT_EQ(projector->step(Lsn{10}).value(), Lsn{10});
    support::MemoryProjectionStore other(database);
    ASSERT_EQ(other.claim(some_journal, Epoch{}, false).value().epoch, Epoch{2});
    for (int i = 0; i < 2; ++i) {
        const auto stepped = projector->step(journal->durable_lsn());
        EXPECT_EQ(stepped.error().code, ErrorCode::fenced);
    }
    EXPECT_EQ(database.owner->applied_lsn, Lsn{10});
    // The new owner goes on where the old one stood.
    make_projector(other, 7);
    catch_up();
    expect_complete();
}

TEST_F(ProjectorTest, ADamagedJournalIsNotCarriedOver) {
    send(40);
    for (const std::string& name : disk.names()) {
        if (disk.content(name).size() > 8192) disk.flip_bit(name, 1'700, 3);
    }
    const auto stepped = projector->step(journal->durable_lsn());
    ASSERT_FALSE(stepped.has_value());
    EXPECT_EQ(stepped.error().code, ErrorCode::corruption);
    EXPECT_EQ(database.owner->applied_lsn, Lsn{});
    EXPECT_EQ(store.commit_count(), 0U);
}

TEST_F(ProjectorTest, ARecordThatCannotBeReadIsNotCarriedOver) {
    ASSERT_TRUE(journal->prepare_once().has_value());
    ASSERT_TRUE(journal->append("garbage").has_value());
    journal->write_once();
    EXPECT_EQ(projector->step(Lsn{1}).error().code, ErrorCode::corruption);
    EXPECT_EQ(store.commit_count(), 0U);
}

TEST_F(ProjectorTest, FaultsInAnyOrderLeaveTheSameDatabase) {
    std::mt19937 random(7);
    std::vector<support::MemoryDatabase> backups;
    make_projector(store, 6);
    for (int round = 0; round < 300; ++round) {
        if (round % 10 == 0) send(5);
        switch (random() % 12) {
            case 0:
                store.lose_next_answer();
                break;
            case 1:
                store.refuse_next_commit();
                break;
            case 2:
                store.go_away();
                break;
            case 3:
                backups.push_back(database);
                break;
            case 4:
                if (!backups.empty()) database = backups[random() % backups.size()];
                break;
            default:
                store.come_back();
        }
        const auto stepped = projector->step(journal->durable_lsn());
        ASSERT_TRUE(stepped || stepped.error().code == ErrorCode::unavailable);
        ASSERT_EQ(database.audit(), "");
    }
    store.come_back();
    for (int i = 0; i < 3; ++i) static_cast<void>(projector->step(journal->durable_lsn()));
    catch_up();
    expect_complete();
}

}  // namespace
}  // namespace faregate::engine
