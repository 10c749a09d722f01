#include "cli/serve/serve_process.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <random>

#include "cli/data_dir.h"
#include "cli/logging.h"
#include "cli/serve/database_name.h"
#include "cli/serve/die.h"
#include "cli/serve/ownership.h"
#include "faregate/core/assert.h"
#include "faregate/journal/reader.h"
#include "faregate/postgres/keys.h"
#include "faregate/postgres/store.h"

namespace faregate::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

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
    if (journal_) journal_->stop();
}

Result<int> ServeProcess::run() {
    const auto start = [this]() -> Status {
        FG_TRY(take_journal_directory());
        FG_TRY(prepare_database());
        FG_TRY(claim_ownership());
        FG_TRY(open_journal());
        FG_TRY(load_state());
        FG_TRY(replay_journal());
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

Status ServeProcess::take_journal_directory() {
    FG_TRY_ASSIGN(directory_, open_journal_directory(settings_));
    FG_TRY_ASSIGN(directory_lock_, directory_->lock());
    return scan_journal();
}

Status ServeProcess::scan_journal() {
    FG_TRY_ASSIGN(recovery_, journal::scan(*directory_));
    if (recovery_ && recovery_->torn_tail) {
        spdlog::info("the last write to the journal did not finish; nobody was told of it");
    }
    return {};
}

Status ServeProcess::prepare_database() {
    // The engine decides what is a replay; the database only has to keep more than it may ask for.
    const postgres::StoreOptions store_options{
        Duration::seconds(std::int64_t{settings_.retention_seconds} + 86'400)};
    store_ = postgres::make_store(settings_.database_url, store_options);
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

Status ServeProcess::claim_ownership() {
    std::optional<engine::Claim> database;
    FG_TRY(with_database([&]() -> Status {
        FG_TRY_ASSIGN(database, store_->current());
        return {};
    }));
    std::optional<FoundJournal> found;
    if (recovery_)
        found = FoundJournal{recovery_->journal, recovery_->first_lsn, recovery_->last_lsn};
    FG_TRY_ASSIGN(
        const auto plan, plan_ownership(found, database, new_journal_, directory_->path())
    );
    // The journal comes first: an empty one whose database was not claimed yet is no loss.
    if (plan.create_from) FG_TRY(create_journal(*plan.create_from));
    return with_database([&]() -> Status {
        FG_TRY_ASSIGN(claim_, store_->claim(recovery_->journal, plan.replace));
        return {};
    });
}

Status ServeProcess::create_journal(Lsn first_lsn) {
    journal::NewJournal fresh;
    fresh.id = random_journal_id();
    fresh.first_lsn = first_lsn;
    {
        FG_TRY_ASSIGN(
            const auto created,
            journal::Journal::create(
                *directory_, std::move(directory_lock_), fresh, journal_options()
            )
        );
    }
    spdlog::info("created journal {} in {}", fresh.id.text(), directory_->path());
    FG_TRY_ASSIGN(directory_lock_, directory_->lock());
    FG_TRY(scan_journal());
    FG_ASSERT(recovery_.has_value(), "a journal that was created is found");
    return {};
}

journal::JournalOptions ServeProcess::journal_options() {
    journal::JournalOptions options;
    options.file_size = settings_.journal_file_bytes;
    options.queue_size_max = settings_.journal_queue_bytes;
    options.on_durable = [this](Lsn lsn) { durable_.publish(lsn); };
    options.on_sync = [this](const journal::SyncReport& report) { metrics_.observe(report); };
    options.on_fatal = [](const Error& error) {
        die(exit_disk,
            fmt::format(
                "the journal cannot be written: {}. What was acknowledged is safe. See to the "
                "disk, then start the server again",
                error.message
            ));
    };
    return options;
}

Status ServeProcess::open_journal() {
    FG_TRY_ASSIGN(
        journal_, journal::Journal::open(
                      *directory_, std::move(directory_lock_), *recovery_,
                      {claim_.epoch, claim_.applied_lsn}, journal_options()
                  )
    );
    applied_.publish(claim_.applied_lsn);
    log_ = std::make_unique<JournalLog>(*journal_, applied_, settings_.journal_backlog_max);
    const bool empty = recovery_->last_lsn < recovery_->first_lsn;
    spdlog::info(
        "journal {} in {} has {}, PostgreSQL has LSN {}, epoch {}", recovery_->journal.text(),
        directory_->path(),
        empty ? "no records"
              : fmt::format("LSN {} to {}", recovery_->first_lsn.value, recovery_->last_lsn.value),
        claim_.applied_lsn.value, claim_.epoch.value
    );
    return {};
}

Status ServeProcess::load_state() {
    engine::EngineOptions options;
    options.stripe_count = settings_.stripes;
    options.retention = Duration::seconds(settings_.retention_seconds);
    options.epoch = claim_.epoch;
    const Timestamp since{clock_.now().microseconds - options.retention.microseconds};
    const auto begin = steady_clock::now();
    FG_TRY(with_database([&]() -> Status {
        // Anew for every try, since a load that broke off has left a part.
        engine_ = std::make_unique<engine::Engine>(clock_, *log_, options);
        return store_->load(since, engine_->loader());
    }));
    const std::chrono::duration<double> elapsed = steady_clock::now() - begin;
    const auto stats = engine_->stats();
    spdlog::info(
        "loaded {} wallets, {} open authorizations and {} idempotency keys in {:.1f} s",
        stats.wallets, stats.open_authorizations, stats.idempotency_keys, elapsed.count()
    );
    return {};
}

Status ServeProcess::replay_journal() {
    const auto first = claim_.applied_lsn.next();
    const auto last = recovery_->last_lsn;
    if (last < first) return engine_->finish_recovery();
    spdlog::info("replaying the journal from LSN {} to {}", first.value, last.value);
    FG_TRY_ASSIGN(const auto reader, journal::JournalReader::open(*directory_, first));
    replay_logged_at_ = steady_clock::now();
    while (true) {
        FG_TRY_ASSIGN(const auto record, reader->next(last));
        if (!record) break;
        FG_TRY(engine_->replay(record->lsn, record->bytes));
        FG_TRY(log_replay(record->lsn));
    }
    spdlog::info("replayed {} records", last.value - claim_.applied_lsn.value);
    return engine_->finish_recovery();
}

Status ServeProcess::log_replay(Lsn lsn) {
    if (lsn.value % 4'096 != 0) return {};
    if (signals_.wait_for(milliseconds(0))) return stopped();
    if (steady_clock::now() - replay_logged_at_ < replay_log_interval) return {};
    replay_logged_at_ = steady_clock::now();
    spdlog::info("replayed up to LSN {} of {}", lsn.value, recovery_->last_lsn.value);
    return {};
}

Status ServeProcess::start_serving() {
    queries_ =
        std::make_unique<postgres::Queries>(settings_.database_url, settings_.database_connections);
    server_ = std::make_unique<http::Server>(
        server_options(), http::Dependencies{
                              *engine_, durable_, applied_, *queries_, registry_, health(),
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
    durable_.publish(journal_->durable_lsn());
    journal_->start();
    projector_ = std::make_unique<ProjectorThread>(
        *store_, [this](Lsn first) { return journal::JournalReader::open(*directory_, first); },
        durable_, applied_,
        [](const Error& error) {
            die(error.code == ErrorCode::fenced ? exit_fenced : exit_broken,
                fmt::format("{}; this server stops at once", error.message));
        }
    );
    projector_->start();
    sweeper_ = std::make_unique<PeriodicThread>(sweep_interval, [this] {
        const auto swept = engine_->sweep();
        if (!swept) spdlog::debug("expiry has to wait: {}", swept.error().message);
    });
    housekeeper_ =
        std::make_unique<PeriodicThread>(housekeeping_interval, [this] { keep_house(); });
}

void ServeProcess::keep_house() {
    const auto now = steady_clock::now();
    if (prepared_seen_at_ == steady_clock::time_point{} || journal_->stats().prepared_count > 0) {
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
    const auto removed = journal_->remove_before(applied_.value().next(), keep_since);
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
    options.connections_max = settings_.connections_max;
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
    health.appended_lsn = [this] { return journal_->last_lsn(); };
    return health;
}

std::vector<std::string> ServeProcess::not_ready() const {
    std::vector<std::string> reasons;
    if (log_->backlog_full()) {
        reasons.push_back(
            fmt::format("PostgreSQL lacks more than {} records of the journal", log_->backlog_max())
        );
    }
    if (disk_full_) reasons.emplace_back("no journal file can be prepared");
    return reasons;
}

void ServeProcess::update_metrics() {
    ServerSnapshot now;
    now.engine = engine_->stats();
    now.journal = journal_->stats();
    now.durable_lsn = durable_.value();
    now.applied_lsn = applied_.value();
    now.backlog = log_->backlog();
    now.database_reachable = projector_->database_reachable();
    metrics_.update(now);
}

void ServeProcess::shut_down() {
    const auto deadline = steady_clock::now() + seconds(settings_.shutdown_timeout_seconds);
    spdlog::info("stopping: finishing the requests that have begun");
    server_->stop();
    sweeper_->stop();
    housekeeper_->stop();
    journal_->stop();
    const auto left = std::max(deadline - steady_clock::now(), steady_clock::duration(0));
    const bool drained = projector_->drain(std::chrono::duration_cast<milliseconds>(left), [this] {
        return signals_.wait_for(milliseconds(0));
    });
    if (drained) {
        spdlog::info("stopped at LSN {}; PostgreSQL has everything", durable_.value().value);
    } else {
        spdlog::info(
            "stopped at LSN {}; PostgreSQL gets the last {} records from the journal at the next "
            "start",
            durable_.value().value, log_->backlog()
        );
    }
}

}  // namespace faregate::cli
