#pragma once

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <cstdint>

#include "faregate/core/lsn.h"
#include "faregate/core/mutex.h"
#include "faregate/engine/engine.h"
#include "faregate/journal/journal.h"

namespace faregate::cli {

/// What the process looks like now; gauges are set from it before each scrape.
struct ServerSnapshot {
    engine::EngineStats engine;
    journal::JournalStats journal;
    Lsn durable_lsn;
    Lsn applied_lsn;
    std::uint64_t backlog = 0;
    bool database_reachable = true;
};

/// The metrics of engine, journal and projection; those of requests are the HTTP server's own.
/// Thread-safe. The registry must outlive it.
class ServerMetrics {
  public:
    explicit ServerMetrics(prometheus::Registry& registry);

    /// Called by the journal's writer after each sync.
    void observe(const journal::SyncReport& report);
    void update(const ServerSnapshot& now);

  private:
    prometheus::Histogram& sync_seconds_;
    prometheus::Histogram& frame_records_;
    prometheus::Counter& journal_bytes_;
    prometheus::Gauge& queue_bytes_;
    prometheus::Gauge& files_;
    prometheus::Gauge& prepared_files_;
    prometheus::Gauge& durable_lsn_;
    prometheus::Gauge& applied_lsn_;
    prometheus::Gauge& lag_records_;
    prometheus::Gauge& database_up_;
    prometheus::Gauge& wallets_;
    prometheus::Gauge& open_authorizations_;
    prometheus::Gauge& closed_authorizations_;
    prometheus::Gauge& idempotency_keys_;
    prometheus::Counter& stripe_acquisitions_;
    prometheus::Counter& stripe_contentions_;

    Mutex mutex_;
    std::uint64_t acquisitions_seen_ FG_GUARDED_BY(mutex_) = 0;
    std::uint64_t contentions_seen_ FG_GUARDED_BY(mutex_) = 0;
};

}  // namespace faregate::cli
