#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "engine/projection_builder.h"
#include "faregate/engine/record.h"
#include "support/engine_rig.h"
#include "support/memory_database.h"
#include "support/memory_projection_store.h"
#include "support/random_traffic.h"

namespace faregate::engine {

inline const JournalId some_journal{{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}};

/// An engine, and a database that its log is carried into.
class Projected {
  public:
    explicit Projected(EngineOptions options = support::EngineRig::default_options())
        : rig(options) {
        EXPECT_TRUE(store.claim(some_journal, Epoch{}, false).has_value());
    }

    /// Carries the next `count` records over in one batch.
    void project(std::size_t count) {
        const auto records = rig.log.records();
        const Lsn applied = database.owner->applied_lsn;
        ProjectionBuilder builder;
        for (std::uint64_t i = applied.value; i < records.size() && count > 0; ++i, --count) {
            auto record = decode_record(records[i]);
            ASSERT_TRUE(record.has_value());
            builder.add(Lsn{i + 1}, *std::move(record));
        }
        const Status committed = store.commit(builder.batch());
        ASSERT_TRUE(committed.has_value()) << committed.error().message;
        ASSERT_EQ(database.audit(), "");
    }
    void project_all() { project(rig.log.size()); }

    support::EngineRig rig;
    support::MemoryDatabase database;
    support::MemoryProjectionStore store{database};
};

/// An engine that was loaded from the database of another one and replayed what it had not got yet.
class Restarted {
  public:
    explicit Restarted(Projected& before, Duration kept = EngineOptions{}.retention)
        : rig(options(before), before.rig.log.last()) {
        rig.clock.set(before.rig.clock.now());
        const Status loaded = before.database.load(kept, rig.engine.loader());
        EXPECT_TRUE(loaded.has_value());
        const auto records = before.rig.log.records();
        for (std::uint64_t i = before.database.owner->applied_lsn.value; i < records.size(); ++i) {
            const Status replayed = rig.engine.replay(Lsn{i + 1}, records[i]);
            EXPECT_TRUE(replayed.has_value()) << replayed.error().message;
        }
        const Status finished = rig.engine.finish_recovery();
        EXPECT_TRUE(finished.has_value()) << finished.error().message;
    }

    /// The execution with the answer that only the database has, if that is so.
    static Execution complete(Execution execution, const IdempotencyKey& key, const Projected& at) {
        if (!execution.answer_elsewhere) return execution;
        const auto row = at.database.answer(execution.lsn);
        EXPECT_TRUE(row.has_value());
        EXPECT_TRUE(row && recall_answer(execution, key, *row));
        return execution;
    }

    static EngineOptions options(const Projected&) {
        EngineOptions options = support::EngineRig::default_options();
        options.epoch = Epoch{2};
        return options;
    }

    support::EngineRig rig;
};

}  // namespace faregate::engine
