#include "cli/serve/projector_thread.h"

#include <pthread.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "cli/logging.h"

namespace faregate::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr auto backoff_first = milliseconds(100);
/// An owner asks as often while PostgreSQL is away, so that it hears of a successor as soon.
constexpr auto backoff_max = milliseconds(node::Lease::watch_interval.microseconds / 1'000);
constexpr auto idle_wait = milliseconds(100);
/// Between two batches the projector rests for this many times as long as the last one took. So
/// requests come before the projection where both share the cores, and what gathers meanwhile costs
/// PostgreSQL less: a wallet, a grant or a hold that was touched twice is one row.
constexpr int rest_factor = 3;
constexpr auto rest_max = std::chrono::seconds(4);
constexpr auto rest_slice = milliseconds(5);
constexpr auto watch_interval = std::chrono::microseconds(node::Lease::watch_interval.microseconds);
constexpr auto complaint_interval = std::chrono::seconds(10);

}  // namespace

ProjectorThread::ProjectorThread(
    engine::ProjectionStore& store, engine::OpenReader open_reader, engine::Watermark& durable,
    engine::Watermark& applied, node::Lease& lease, std::uint64_t rest_lag_max,
    OnFinalError on_final_error
)
    : durable_(durable),
      applied_(applied),
      lease_(lease),
      rest_lag_max_(rest_lag_max),
      on_final_error_(std::move(on_final_error)),
      projection_(store, std::move(open_reader), durable, applied, lease) {}

ProjectorThread::~ProjectorThread() {
    stopping_ = true;
    if (thread_.joinable()) thread_.join();
}

void ProjectorThread::start() {
    thread_ = std::thread([this] { run(); });
}

bool ProjectorThread::drain(milliseconds time, const std::function<bool()>& give_up) {
    const auto deadline = steady_clock::now() + time;
    draining_ = true;
    while (applied_.value() < durable_.value() && steady_clock::now() < deadline && !give_up()) {
        std::this_thread::sleep_for(milliseconds(10));
    }
    stopping_ = true;
    if (thread_.joinable()) thread_.join();
    return applied_.value() >= durable_.value();
}

void ProjectorThread::run() {
    pthread_setname_np(pthread_self(), "fg-projector");
    while (!stopping_) move_or_watch();
}

void ProjectorThread::move_or_watch() {
    const bool behind = projection_.behind();
    const bool move = behind && !resting();
    const bool ask = lease_.in_doubt() || steady_clock::now() - asked_at_ >= watch_interval;
    if (move || ask) {
        const auto began = steady_clock::now();
        const auto asked = move ? projection_.step() : projection_.watch();
        if (!asked) return handle(asked.error());
        answered();
        if (move) rest_after(steady_clock::now() - began);
        return;
    }
    if (behind) return rest();
    durable_.wait(projection_.moved().next(), static_cast<int>(idle_wait.count()));
}

void ProjectorThread::rest_after(steady_clock::duration batch_took) {
    const auto rest = std::min<steady_clock::duration>(batch_took * rest_factor, rest_max);
    rest_until_ = steady_clock::now() + rest;
}

bool ProjectorThread::resting() const {
    const std::uint64_t lag = durable_.value().value - projection_.moved().value;
    const bool somebody_waits = applied_.wanted() > applied_.value();
    return steady_clock::now() < rest_until_ && !somebody_waits && lag < rest_lag_max_ &&
           !draining_ && !stopping_;
}

void ProjectorThread::rest() {
    const Lsn before = durable_.value();
    std::this_thread::sleep_for(rest_slice);
    // No longer than requests keep coming.
    if (durable_.value() == before) rest_until_ = {};
}

void ProjectorThread::handle(const Error& error) {
    asked_at_ = steady_clock::now();
    if (error.code != ErrorCode::unavailable) {
        on_final_error_(error);
        stopping_ = true;
        return;
    }
    const bool news = database_reachable_.exchange(false);
    if (news || asked_at_ - complained_at_ >= complaint_interval) {
        complained_at_ = asked_at_;
        spdlog::warn(
            "PostgreSQL is away, and {} records wait in the journal: {}; retrying",
            durable_.value().value - std::min(durable_.value().value, projection_.moved().value),
            one_line(error.message)
        );
    }
    backoff_ = std::clamp(backoff_ * 2, backoff_first, backoff_max);
    pause(backoff_);
}

void ProjectorThread::answered() {
    asked_at_ = steady_clock::now();
    backoff_ = milliseconds(0);
    if (!database_reachable_.exchange(true)) spdlog::info("PostgreSQL is back");
}

void ProjectorThread::pause(milliseconds time) {
    const auto begin = steady_clock::now();
    // While the server waits to end, a database that comes back is to be noticed at once.
    while (!stopping_ && steady_clock::now() < begin + (draining_ ? backoff_first : time)) {
        std::this_thread::sleep_for(milliseconds(20));
    }
}

}  // namespace faregate::cli
