#include "cli/serve/projector_thread.h"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "cli/logging.h"

namespace faregate::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr auto backoff_first = milliseconds(100);
constexpr auto backoff_max = milliseconds(5'000);
constexpr auto idle_wait = milliseconds(100);
constexpr auto watch_interval = milliseconds(1'000);
constexpr auto complaint_interval = std::chrono::seconds(10);

}  // namespace

ProjectorThread::ProjectorThread(
    engine::ProjectionStore& store, engine::OpenReader open_reader, engine::Watermark& durable,
    engine::Watermark& applied, OnFinalError on_final_error
)
    : store_(store),
      open_reader_(std::move(open_reader)),
      durable_(durable),
      applied_(applied),
      on_final_error_(std::move(on_final_error)),
      moved_(applied.value()) {}

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
    while (!stopping_) move_or_watch();
}

void ProjectorThread::move_or_watch() {
    if (durable_.value() <= moved_) {
        if (steady_clock::now() - asked_at_ >= watch_interval) watch();
        durable_.wait(moved_.next(), static_cast<int>(idle_wait.count()));
        return;
    }
    if (!projector_) {
        projector_ =
            std::make_unique<engine::Projector>(store_, open_reader_, engine::Projector::Options{});
    }
    const auto moved = projector_->step(durable_.value());
    if (!moved) return handle(moved.error());
    answered();
    moved_ = *moved;
    applied_.publish(moved_);
}

/// An idle server, too, has to notice that it lost the ownership, or that PostgreSQL failed over to
/// a replica that lacks its last commits.
void ProjectorThread::watch() {
    const auto applied = store_.applied_lsn();
    if (!applied) return handle(applied.error());
    answered();
    if (*applied == moved_) return;
    spdlog::warn(
        "PostgreSQL stands at LSN {} and stood at {} before; it gets the difference again",
        applied->value, moved_.value
    );
    projector_.reset();
    moved_ = *applied;
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
            durable_.value().value - std::min(durable_.value().value, moved_.value),
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
