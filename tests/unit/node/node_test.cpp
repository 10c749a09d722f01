#include "faregate/node/node.h"

#include <gtest/gtest.h>

#include "faregate/node/projection.h"
#include "support/engine_rig.h"
#include "support/manual_clock.h"
#include "support/memory_database.h"
#include "support/memory_disk.h"
#include "support/memory_projection_store.h"

namespace faregate::node {
namespace {

using engine::Execution;
using ledger::Outcome;

class NodeTest : public ::testing::Test {
  protected:
    NodeOptions options() {
        NodeOptions options;
        options.engine.stripe_count = 4;
        options.journal.file_size = 65'536;
        options.journal.frame_size_max = 16'384;
        options.journal.record_size_max = 8'192;
        options.journal.queue_size_max = 65'536;
        options.journal.on_fatal = [](const Error& error) { FAIL() << error.message; };
        options.make_journal_id = [this] {
            JournalId id;
            id.bytes[0] = ++journal_count_;
            return id;
        };
        return options;
    }

    Status start(NodeOptions options) {
        node_ = std::make_unique<Node>(disk_, store_, clock_, std::move(options));
        FG_TRY(node_->take_directory());
        FG_TRY(node_->claim());
        FG_TRY(node_->open_journal());
        FG_TRY(node_->load());
        return node_->replay();
    }
    void start() {
        const Status started = start(options());
        ASSERT_TRUE(started) << started.error().message;
    }
    void crash() {
        disk_.kill();
        node_.reset();
    }

    Execution execute(const ledger::Command& command, const std::string& key = "") {
        std::optional<engine::IdempotencyKey> digest;
        if (!key.empty()) digest = support::key(key);
        const auto executed = node_->engine().execute(command, digest);
        EXPECT_TRUE(executed) << executed.error().message;
        node_->journal().write_once();
        return *executed;
    }
    void create_acme() {
        ASSERT_TRUE(node_->engine().create_asset(support::asset("USD", 2), {}));
        execute(support::create_wallet("acme"));
        execute(support::grant("acme", "10"));
    }
    void project() {
        Projection projection(
            store_, [this](Lsn first) { return node_->open_reader(first); }, node_->durable(),
            node_->applied(), lease_
        );
        while (projection.behind()) ASSERT_TRUE(projection.step());
    }

    /// Copies the directory, spends twice in the original, which the store does not hear of, and
    /// starts on the copy.
    void serve_a_copy_instead_of(support::MemoryDisk& original) {
        start();
        create_acme();
        project();
        support::MemoryDisk copy;
        copy.copy_from(disk_);
        execute(support::debit("acme", "3"));
        execute(support::debit("acme", "3"));
        crash();
        original.copy_from(disk_);
        disk_.copy_from(copy);
        start();
    }

    support::MemoryDisk disk_;
    support::MemoryDatabase database_;
    support::MemoryProjectionStore store_{database_};
    support::ManualClock clock_;
    support::ManualMonotonicClock monotonic_;
    Lease lease_{monotonic_};
    std::unique_ptr<Node> node_;
    std::uint8_t journal_count_ = 0;
};

TEST_F(NodeTest, GoesOnWithWhatStoreAndJournalHave) {
    start();
    create_acme();
    project();
    execute(support::debit("acme", "3"), "second");
    crash();
    start();
    EXPECT_EQ(node_->ownership().applied_lsn, Lsn{3});
    EXPECT_EQ(node_->durable().value(), Lsn{4});
    EXPECT_EQ(node_->backlog(), 1U);
    EXPECT_TRUE(execute(support::debit("acme", "3"), "second").replayed);
}

TEST_F(NodeTest, RemembersAnswersWhenTheClockHadJumpedAheadAtTheStart) {
    start();
    create_acme();
    execute(support::debit("acme", "3"), "key");
    project();
    crash();
    const Timestamp before = clock_.now();
    clock_.advance(Duration::seconds(30 * 86'400));
    start();
    clock_.set(before);
    EXPECT_TRUE(execute(support::debit("acme", "3"), "key").replayed);
}

TEST_F(NodeTest, APredecessorThatLockedThisDirectoryHasEnded) {
    start();
    EXPECT_FALSE(node_->predecessor_may_live()) << "there was none";
    crash();
    start();
    EXPECT_FALSE(node_->predecessor_may_live());
}

TEST_F(NodeTest, AfterABootNobodyKnowsWhoHeldTheDirectory) {
    start();
    disk_.crash([](const support::MemoryDisk::UnsyncedSector& sector) { return sector.newest; });
    node_.reset();
    start();
    EXPECT_TRUE(node_->predecessor_may_live());
}

TEST_F(NodeTest, TheOwnerOfACopiedDirectoryMayLive) {
    start();
    support::MemoryDisk original;
    original.copy_from(disk_);
    Node copy(original, store_, clock_, options());
    ASSERT_TRUE(copy.take_directory());
    ASSERT_TRUE(copy.claim());
    EXPECT_TRUE(copy.predecessor_may_live());
    // Back in the directory of the first one, which knows nothing of the other one's journal.
    crash();
    start();
    EXPECT_TRUE(node_->predecessor_may_live());
}

// The first start in the place of another server was killed while it waited for that one to
// notice. The second found its own claim, took that for a predecessor that had ended, and did not
// wait.
TEST_F(NodeTest, AHandoverThatWasInterruptedIsMadeAgain) {
    start();
    create_acme();
    project();
    support::MemoryDisk elsewhere;
    for (int attempt = 0; attempt < 3; ++attempt) {
        NodeOptions with_new_journal = options();
        with_new_journal.new_journal = true;
        Node successor(elsewhere, store_, clock_, with_new_journal);
        ASSERT_TRUE(successor.take_directory());
        ASSERT_TRUE(successor.claim());
        EXPECT_TRUE(successor.predecessor_may_live());
        if (attempt == 2) {
            ASSERT_TRUE(successor.open_journal());
        }
        elsewhere.kill();
    }
    Node last(elsewhere, store_, clock_, options());
    ASSERT_TRUE(last.take_directory());
    ASSERT_TRUE(last.claim());
    EXPECT_FALSE(last.predecessor_may_live());
}

/// Lets something happen just before a claim.
class StoreWithRival final : public engine::ProjectionStore {
  public:
    StoreWithRival(engine::ProjectionStore& store, std::function<void()> before_claim)
        : store_(store), before_claim_(std::move(before_claim)) {}

    Result<std::optional<engine::Claim>> current() override { return store_.current(); }
    Result<engine::Claim> claim(const JournalId& journal, Epoch above, bool replace) override {
        before_claim_();
        return store_.claim(journal, above, replace);
    }
    Status load(Duration kept, engine::StateSink& sink) override { return store_.load(kept, sink); }
    Result<Lsn> applied_lsn() override { return store_.applied_lsn(); }
    Status commit(const engine::ProjectionBatch& batch) override { return store_.commit(batch); }

  private:
    engine::ProjectionStore& store_;
    const std::function<void()> before_claim_;
};

// The journal of a server that took over from one under load was made before the claim, and the
// predecessor committed more in between: the start said that the new journal was damaged, and so
// did every later one.
TEST_F(NodeTest, ANewJournalBeginsAfterWhatThePredecessorCommittedLast) {
    start();
    create_acme();
    project();
    execute(support::debit("acme", "3"));
    support::MemoryProjectionStore own_store(database_);
    StoreWithRival store(own_store, [this] { project(); });
    support::MemoryDisk elsewhere;
    NodeOptions with_new_journal = options();
    with_new_journal.new_journal = true;
    Node successor(elsewhere, store, clock_, with_new_journal);
    ASSERT_TRUE(successor.take_directory());
    ASSERT_TRUE(successor.claim());
    EXPECT_EQ(successor.recovery()->first_lsn, Lsn{5});
    const Status opened = successor.open_journal();
    ASSERT_TRUE(opened) << opened.error().message;
    ASSERT_TRUE(successor.load());
    ASSERT_TRUE(successor.replay());
}

TEST_F(NodeTest, AStoreThatComesBackCanBeAskedAgain) {
    node_ = std::make_unique<Node>(disk_, store_, clock_, options());
    ASSERT_TRUE(node_->take_directory());
    store_.go_away();
    EXPECT_EQ(node_->claim().error().code, ErrorCode::unavailable);
    store_.come_back();
    ASSERT_TRUE(node_->claim());
    ASSERT_TRUE(node_->open_journal());
    store_.go_away();
    EXPECT_EQ(node_->load().error().code, ErrorCode::unavailable);
    store_.come_back();
    ASSERT_TRUE(node_->load());
    ASSERT_TRUE(node_->replay());
    create_acme();
    EXPECT_EQ(node_->durable().value(), Lsn{3});
}

TEST_F(NodeTest, ADiskThatIsFullAtTheFirstStartIsNoReasonToAskTheStoreAgain) {
    disk_.set_capacity(0);
    const Status refused = start(options());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::io);
}

TEST_F(NodeTest, AnErrorOfTheProgressEndsTheReplay) {
    start();
    create_acme();
    crash();
    node_ = std::make_unique<Node>(disk_, store_, clock_, options());
    ASSERT_TRUE(node_->take_directory());
    ASSERT_TRUE(node_->claim());
    ASSERT_TRUE(node_->open_journal());
    ASSERT_TRUE(node_->load());
    std::vector<Lsn> seen;
    const Status replayed = node_->replay([&](Lsn lsn) -> Status {
        seen.push_back(lsn);
        if (lsn == Lsn{2}) return failure(ErrorCode::unavailable, "enough");
        return {};
    });
    ASSERT_FALSE(replayed);
    EXPECT_EQ(replayed.error().message, "enough");
    EXPECT_EQ(seen, (std::vector<Lsn>{Lsn{1}, Lsn{2}}));
}

TEST_F(NodeTest, ANewJournalGoesOnWhereTheStoreEnds) {
    start();
    create_acme();
    project();
    execute(support::debit("acme", "3"));
    crash();
    for (const auto& name : disk_.names()) disk_.erase(name);
    const Status refused = start(options());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::already_exists);

    node_.reset();
    NodeOptions fresh = options();
    fresh.new_journal = true;
    ASSERT_TRUE(start(fresh));
    EXPECT_EQ(node_->recovery()->first_lsn, Lsn{4});
    EXPECT_EQ(execute(support::debit("acme", "10")).receipt.outcome, Outcome::accepted);
}

// A supervisor started an old machine again, whose directory was behind: its start was refused, but
// only after it had claimed the database, and so the server that was serving ended, too.
TEST_F(NodeTest, AJournalThatCannotBeServedFencesNobody) {
    start();
    create_acme();
    support::MemoryDisk behind;
    behind.copy_from(disk_);
    execute(support::debit("acme", "3"));
    project();
    const auto before = store_.current();
    ASSERT_TRUE(before && *before);
    crash();
    disk_.copy_from(behind);
    const Status refused = start(options());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::corruption);
    const auto after = store_.current();
    ASSERT_TRUE(after && *after);
    EXPECT_EQ((*after)->epoch, (*before)->epoch);
}

// A copy of the journal was served with the database, which is now at an LSN that the original has,
// too, with another record: without a look at the epoch, the original would have gone on from
// there.
TEST_F(NodeTest, AJournalWhoseCopyFedTheStoreIsRefusedAndFencesNobody) {
    support::MemoryDisk original;
    serve_a_copy_instead_of(original);
    execute(support::debit("acme", "10"));
    project();
    const auto before = store_.current();
    ASSERT_TRUE(before && *before);
    EXPECT_EQ((*before)->applied_lsn, Lsn{4});
    crash();

    disk_.copy_from(original);
    const Status refused = start(options());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::already_exists);
    EXPECT_NE(
        refused.error().message.find("LSN 4 is another record here than in the database"),
        std::string::npos
    ) << refused.error().message;
    const auto after = store_.current();
    ASSERT_TRUE(after && *after);
    EXPECT_EQ((*after)->epoch, (*before)->epoch);
}

TEST_F(NodeTest, AJournalWhoseCopyWasServedWithoutBeingSpentFromGoesOn) {
    support::MemoryDisk original;
    serve_a_copy_instead_of(original);
    crash();

    disk_.copy_from(original);
    start();
    EXPECT_EQ(node_->backlog(), 2U);
    EXPECT_EQ(node_->ownership().epoch, Epoch{3});
}

}  // namespace
}  // namespace faregate::node
