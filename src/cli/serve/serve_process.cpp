#include "cli/serve/serve_process.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <random>

#include "cli/data_dir.h"
#include "cli/logging.h"
#include "cli/serve/database_name.h"
#include "cli/serve/descriptors.h"
#include "cli/serve/die.h"
#include "faregate/core/assert.h"
#include "faregate/postgres/keys.h"
#include "faregate/postgres/store.h"

namespace faregate::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

/// Records that PostgreSQL may lack before the projector works without rests.
constexpr std::uint64_t projection_rest_lag_max = 200'000;
constexpr auto database_retry = milliseconds(1'000);
constexpr auto sweep_interval = milliseconds(250);
constexpr auto housekeeping_interval = milliseconds(1'000);
constexpr auto file_removal_interval = seconds(60);
constexpr auto replay_log_interval = seconds(2);
/// A file is prepared within a moment; one that is missing for this long cannot be made.
constexpr auto disk_full_after = seconds(5);

JournalId random_journal_id() {
    std::random_device random;
    JournalId id;
    for (auto& byte : id.bytes) byte = static_cast<std::uint8_t>(random());
    return id;
}

tl::unexpected<Error> stopped() {
    return failure(ErrorCode::unavailable, "stopped before it was ready");
}

}  // namespace

ServeProcess::ServeProcess(Settings settings, bool new_journal)
    : settings_(std::move(settings)),
      new_journal_(new_journal),
      database_name_(database_name(settings_.database_url)) {}

// Nothing may be published any more when the server, which listens to it, is destroyed.
ServeProcess::~ServeProcess() {
    sweeper_.reset();
    housekeeper_.reset();
    projector_.reset();
    heartbeat_.reset();
    if (node_) node_->stop();
}

Result<int> ServeProcess::run() {
    const auto start = [this]() -> Status {
        FG_TRY_ASSIGN(connections_max_, make_room_for_connections(settings_));
        FG_TRY_ASSIGN(directory_, open_journal_directory(settings_));
        make_store();
        FG_TRY(start_node());
        return start_serving();
    };
    const auto started = start();
    if (!started && signals_.stop_requested()) {
        spdlog::info("stopped before it was ready");
        return exit_ok;
    }
    FG_TRY(started);
    signals_.wait();
    shut_down();
    return exit_ok;
}

void ServeProcess::make_store() {
    // The engine decides what is a replay; the database only has to keep more than it may ask for.
    const postgres::StoreOptions store_options{
        Duration::seconds(std::int64_t{settings_.retention_seconds} + 86'400)};
    store_ = postgres::make_store(settings_.database_url, store_options);
}

Status ServeProcess::prepare_database() {
    return with_database([this]() -> Status {
        FG_TRY_ASSIGN(const auto applied, postgres::migrate(settings_.database_url));
        static_cast<void>(applied);  // logged already
        return {};
    });
}

Status ServeProcess::with_database(const std::function<Status()>& call) {
    while (true) {
        auto status = call();
        if (status || status.error().code != ErrorCode::unavailable) return status;
        spdlog::warn(
            "waiting for PostgreSQL at {}: {}; retrying", database_name_,
            one_line(status.error().message)
        );
        if (signals_.wait_for(database_retry)) return stopped();
    }
}

Status ServeProcess::start_node() {
    node_ = std::make_unique<node::Node>(*directory_, *store_, clock_, node_options());
    FG_TRY(node_->take_directory());
    // A start that is refused must not have migrated: a server of an older version may be running.
    FG_TRY(with_database([this] { return node_->check(); }));
    FG_TRY(prepare_database());
    FG_TRY(with_database([this] { return node_->claim(); }));
    FG_TRY(take_over());
    FG_TRY(node_->open_journal());
    log_journal();
    FG_TRY(load_state());
    return replay_journal();
}

Status ServeProcess::take_over() {
    if (!node_->predecessor_may_live()) return {};
    constexpr milliseconds time(node::Lease::handover.microseconds / 1'000);
    spdlog::info(
        "another server may have had the database until now; waiting {} ms, until it must have "
        "noticed that it has no more to say",
        time.count()
    );
    if (signals_.wait_for(time)) return stopped();
    return {};
}

node::NodeOptions ServeProcess::node_options() {
    node::NodeOptions options;
    options.engine.stripe_count = settings_.stripes;
    options.engine.retention = Duration::seconds(settings_.retention_seconds);
    options.engine.answers_bytes_max = settings_.answer_memory_bytes;
    options.journal.file_size = settings_.journal_file_bytes;
    options.journal.queue_size_max = settings_.journal_queue_bytes;
    options.journal.on_sync = [this](const journal::SyncReport& report) {
        metrics_.observe(report);
    };
    options.journal.on_fatal = [](const Error& error) {
        die(exit_disk,
            fmt::format(
                "the journal cannot be written: {}. What was acknowledged is safe. See to the "
                "disk, then start the server again",
                error.message
            ));
    };
    options.backlog_max = settings_.journal_backlog_max;
    options.new_journal = new_journal_;
    options.make_journal_id = random_journal_id;
    return options;
}

void ServeProcess::log_journal() const {
    const auto& journal = *node_->recovery();
    const bool empty = journal.last_lsn < journal.first_lsn;
    spdlog::info(
        "journal {} in {} has {}, PostgreSQL has LSN {}, epoch {}", journal.journal.text(),
        directory_->path(),
        empty ? "no records"
              : fmt::format("LSN {} to {}", journal.first_lsn.value, journal.last_lsn.value),
        node_->ownership().applied_lsn.value, node_->ownership().epoch.value
    );
}

Status ServeProcess::load_state() {
    const auto begin = steady_clock::now();
    FG_TRY(with_database([this] { return node_->load(); }));
    const std::chrono::duration<double> elapsed = steady_clock::now() - begin;
    const auto stats = node_->engine().stats();
    spdlog::info(
        "loaded {} wallets, {} open authorizations and {} idempotency keys in {:.1f} s",
        stats.wallets, stats.open_authorizations, stats.idempotency_keys, elapsed.count()
    );
    return {};
}

Status ServeProcess::replay_journal() {
    const auto applied = node_->ownership().applied_lsn;
    const auto last = node_->recovery()->last_lsn;
    if (applied < last) {
        spdlog::info("replaying the journal from LSN {} to {}", applied.next().value, last.value);
    }
    replay_logged_at_ = steady_clock::now();
    FG_TRY(node_->replay([this](Lsn lsn) { return log_replay(lsn); }));
    if (applied < last) spdlog::info("replayed {} records", last.value - applied.value);
    return {};
}

Status ServeProcess::log_replay(Lsn lsn) {
    if (lsn.value % 4'096 != 0) return {};
    if (signals_.wait_for(milliseconds(0))) return stopped();
    if (steady_clock::now() - replay_logged_at_ < replay_log_interval) return {};
    replay_logged_at_ = steady_clock::now();
    spdlog::info("replayed up to LSN {} of {}", lsn.value, node_->recovery()->last_lsn.value);
    return {};
}

Status ServeProcess::start_serving() {
    queries_ =
        std::make_unique<postgres::Queries>(settings_.database_url, settings_.database_connections);
    server_ = std::make_unique<http::Server>(
        server_options(),
        http::Dependencies{
            node_->engine(), node_->durable(), node_->applied(), *queries_, registry_, health(),
            [url = settings_.database_url] { return postgres::list_keys(url); },
            [this] { update_metrics(); }}
    );
    start_threads();
    FG_TRY(server_->start());
    const auto address = listen_address(settings_);
    const bool ipv6 = address.host.find(':') != std::string::npos;
    spdlog::info(
        "ready at http://{}:{}", ipv6 ? "[" + address.host + "]" : address.host, server_->port()
    );
    return {};
}

void ServeProcess::start_threads() {
    node_->journal().start();
    lease_ = std::make_unique<node::Lease>(boot_clock_);
    heartbeat_ = std::make_unique<PeriodicThread>(
        milliseconds(node::Lease::beat_interval.microseconds / 1'000), [this] { lease_->beat(); }
    );
    projector_ = std::make_unique<ProjectorThread>(
        *store_, [this](Lsn first) { return node_->open_reader(first); }, node_->durable(),
        node_->applied(), *lease_,
        std::min(projection_rest_lag_max, std::uint64_t{settings_.journal_backlog_max} / 4),
        [](const Error& error) {
            die(error.code == ErrorCode::fenced ? exit_fenced : exit_broken,
                fmt::format("{}; this server stops at once", error.message));
        }
    );
    projector_->start();
    sweeper_ = std::make_unique<PeriodicThread>(sweep_interval, [this] {
        const auto swept = node_->engine().sweep();
        if (!swept) spdlog::debug("expiry has to wait: {}", swept.error().message);
    });
    housekeeper_ =
        std::make_unique<PeriodicThread>(housekeeping_interval, [this] { keep_house(); });
}

void ServeProcess::keep_house() {
    const auto now = steady_clock::now();
    if (prepared_seen_at_ == steady_clock::time_point{} ||
        node_->journal().stats().prepared_count > 0) {
        prepared_seen_at_ = now;
    }
    const bool disk_full = now - prepared_seen_at_ > disk_full_after;
    if (disk_full != disk_full_.exchange(disk_full)) {
        if (disk_full) {
            spdlog::error(
                "no journal file can be prepared in {}: is the disk full?", directory_->path()
            );
        } else {
            spdlog::info("journal files can be prepared again");
        }
    }
    if (now - files_removed_at_ < file_removal_interval) return;
    files_removed_at_ = now;
    const auto kept = Duration::seconds(std::int64_t{settings_.journal_keep_hours} * 3'600);
    const auto keep_since = Timestamp{clock_.now().microseconds - kept.microseconds};
    const auto removed = node_->journal().remove_before(projector_->moved().next(), keep_since);
    if (!removed) {
        spdlog::warn("old journal files cannot be removed: {}", removed.error().message);
    } else if (*removed > 0) {
        spdlog::info(
            "removed {} journal files that PostgreSQL has had for {} hours", *removed,
            settings_.journal_keep_hours
        );
    }
}

http::ServerOptions ServeProcess::server_options() const {
    const auto address = listen_address(settings_);
    http::ServerOptions options;
    options.host = address.host;
    options.port = address.port;
    options.threads = settings_.threads;
    options.query_threads = settings_.database_connections;
    options.body_bytes_max = settings_.body_bytes_max;
    options.header_timeout_ms = settings_.header_timeout_seconds * 1'000;
    options.body_timeout_ms = settings_.body_timeout_seconds * 1'000;
    options.idle_timeout_ms = settings_.idle_timeout_seconds * 1'000;
    options.write_timeout_ms = settings_.write_timeout_seconds * 1'000;
    options.connections_max = connections_max_;
    options.request_memory_bytes = settings_.request_memory_bytes;
    // The other half is PostgreSQL's, to catch up.
    options.stop_timeout_ms = settings_.shutdown_timeout_seconds * 1'000 / 2;
    options.rate_limit = settings_.rate_limit;
    options.durability = settings_.durability;
    options.durability_timeout_ms = settings_.durability_timeout_seconds * 1'000;
    options.bootstrap_key = settings_.bootstrap_key;
    return options;
}

http::Health ServeProcess::health() {
    http::Health health;
    health.not_ready = [this] { return not_ready(); };
    health.database_reachable = [this] { return projector_->database_reachable(); };
    health.owns_database = [this] { return lease_->held(); };
    health.appended_lsn = [this] { return node_->journal().last_lsn(); };
    return health;
}

std::vector<std::string> ServeProcess::not_ready() const {
    std::vector<std::string> reasons;
    if (node_->backlog_full()) {
        reasons.push_back(fmt::format(
            "PostgreSQL lacks more than {} records of the journal", settings_.journal_backlog_max
        ));
    }
    if (disk_full_) reasons.emplace_back("no journal file can be prepared");
    if (!lease_->held()) {
        reasons.emplace_back(
            "the process was stopped for a while, and PostgreSQL has not confirmed since that this "
            "server is still the owner"
        );
    }
    return reasons;
}

void ServeProcess::update_metrics() {
    ServerSnapshot now;
    now.engine = node_->engine().stats();
    now.journal = node_->journal().stats();
    now.durable_lsn = node_->durable().value();
    now.applied_lsn = node_->applied().value();
    now.backlog = node_->backlog();
    now.database_reachable = projector_->database_reachable();
    metrics_.update(now);
}

void ServeProcess::shut_down() {
    const auto deadline = steady_clock::now() + seconds(settings_.shutdown_timeout_seconds);
    spdlog::info("stopping: finishing the requests that have begun");
    postgres::wait_at_most(Duration::seconds(settings_.shutdown_timeout_seconds));
    server_->stop();
    sweeper_->stop();
    housekeeper_->stop();
    node_->journal().stop();
    const auto left = std::max(deadline - steady_clock::now(), steady_clock::duration(0));
    const bool drained = projector_->drain(std::chrono::duration_cast<milliseconds>(left), [this] {
        return signals_.wait_for(milliseconds(0));
    });
    if (drained) {
        spdlog::info(
            "stopped at LSN {}; PostgreSQL has everything", node_->durable().value().value
        );
    } else {
        spdlog::info(
            "stopped at LSN {}; PostgreSQL gets the last {} records from the journal at the next "
            "start",
            node_->durable().value().value, node_->backlog()
        );
    }
}

}  // namespace faregate::cli
