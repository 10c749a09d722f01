#include "cli/serve/server_metrics.h"

#include <utility>

namespace faregate::cli {
namespace {

using Buckets = prometheus::Histogram::BucketBoundaries;

prometheus::Gauge& gauge(prometheus::Registry& registry, const char* name, const char* help) {
    return prometheus::BuildGauge().Name(name).Help(help).Register(registry).Add({});
}

prometheus::Counter& counter(prometheus::Registry& registry, const char* name, const char* help) {
    return prometheus::BuildCounter().Name(name).Help(help).Register(registry).Add({});
}

prometheus::Histogram& histogram(
    prometheus::Registry& registry, const char* name, const char* help, const Buckets& buckets
) {
    return prometheus::BuildHistogram().Name(name).Help(help).Register(registry).Add({}, buckets);
}

Buckets sync_buckets() {
    return {0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1};
}

Buckets record_buckets() {
    return {1, 2, 5, 10, 20, 50, 100, 200, 500, 1'000, 2'000, 5'000, 10'000};
}

}  // namespace

ServerMetrics::ServerMetrics(prometheus::Registry& registry)
    : sync_seconds_(histogram(
          registry, "faregate_journal_sync_seconds", "Time to write and sync one journal frame",
          sync_buckets()
      )),
      frame_records_(histogram(
          registry, "faregate_journal_frame_records", "Records that one journal sync made durable",
          record_buckets()
      )),
      journal_bytes_(
          counter(registry, "faregate_journal_written_bytes_total", "Bytes written to the journal")
      ),
      queue_bytes_(gauge(
          registry, "faregate_journal_queue_bytes", "Bytes of records waiting for the journal"
      )),
      files_(gauge(registry, "faregate_journal_files", "Journal files in use")),
      prepared_files_(gauge(
          registry, "faregate_journal_prepared_files",
          "Journal files ready for use; 0 for long means that the disk is full"
      )),
      durable_lsn_(gauge(registry, "faregate_durable_lsn", "LSN up to which the journal is synced")
      ),
      applied_lsn_(gauge(registry, "faregate_applied_lsn", "LSN up to which PostgreSQL has all")),
      lag_records_(gauge(
          registry, "faregate_projection_lag_records", "Durable records that PostgreSQL lacks"
      )),
      database_up_(
          gauge(registry, "faregate_database_up", "1 if PostgreSQL answered when it was last asked")
      ),
      wallets_(gauge(registry, "faregate_wallets", "Wallets in memory")),
      open_authorizations_(
          gauge(registry, "faregate_open_authorizations", "Authorizations that hold something")
      ),
      closed_authorizations_(gauge(
          registry, "faregate_closed_authorizations",
          "Ended authorizations that are kept for late captures"
      )),
      idempotency_keys_(gauge(registry, "faregate_idempotency_keys", "Idempotency keys in memory")),
      stripe_acquisitions_(
          counter(registry, "faregate_stripe_acquisitions_total", "Times that a stripe was locked")
      ),
      stripe_contentions_(counter(
          registry, "faregate_stripe_contentions_total",
          "Times that locking a stripe had to wait for another thread"
      )) {}

void ServerMetrics::observe(const journal::SyncReport& report) {
    sync_seconds_.Observe(static_cast<double>(report.microseconds) / 1e6);
    frame_records_.Observe(report.records);
    journal_bytes_.Increment(static_cast<double>(report.bytes));
}

void ServerMetrics::update(const ServerSnapshot& now) {
    const auto set = [](prometheus::Gauge& target, std::uint64_t value) {
        target.Set(static_cast<double>(value));
    };
    set(queue_bytes_, now.journal.queue_bytes);
    set(files_, now.journal.file_count);
    set(prepared_files_, now.journal.prepared_count);
    set(durable_lsn_, now.durable_lsn.value);
    set(applied_lsn_, now.applied_lsn.value);
    set(lag_records_, now.backlog);
    set(database_up_, now.database_reachable ? 1 : 0);
    set(wallets_, now.engine.wallets);
    set(open_authorizations_, now.engine.open_authorizations);
    set(closed_authorizations_, now.engine.closed_authorizations);
    set(idempotency_keys_, now.engine.idempotency_keys);

    // The engine counts from its start; a counter wants what has come since.
    const auto add = [](prometheus::Counter& target, std::uint64_t& seen, std::uint64_t value) {
        if (value <= seen) return;
        target.Increment(static_cast<double>(value - seen));
        seen = value;
    };
    MutexLock lock(mutex_);
    add(stripe_acquisitions_, acquisitions_seen_, now.engine.stripe_acquisitions);
    add(stripe_contentions_, contentions_seen_, now.engine.stripe_contentions);
}

}  // namespace faregate::cli
