// How servers begin in an episode: after crashes, on damaged disks, and in each other's place.
#include <fmt/format.h>

#include <algorithm>
#include <regex>

#include "simulation/episode.h"

namespace faregate::simulation {
namespace {

using support::MemoryDatabase;
using support::MemoryDisk;

/// A message without its names and numbers, so that equal reasons look equal.
std::string shape_of(const std::string& message) {
    static const std::regex details("memory(/[0-9.a-z]+)?|[0-9a-f]{32}|[0-9]+");
    const std::string shape =
        std::regex_replace(message.substr(0, message.find(". ")), details, "#");
    const std::string prefix = "journal file # is damaged at offset #: ";
    return shape.starts_with(prefix) ? shape.substr(prefix.size()) : shape;
}

}  // namespace

void Episode::start() {
    if (one_in(6)) return damage_and_start();
    require(try_to_start() || !server_, "a start that failed left a server");
}

bool Episode::try_to_start() {
    server_ = std::make_unique<Server>(
        Surroundings{*disk_, database_, clock_, monotonic_clock_, journal_count_}, stripes_,
        retention_, new_journal_
    );
    const bool interrupted = one_in(20);
    for (int step = 0; step < Server::start_step_count; ++step) {
        if (interrupted && one_in(4)) {
            tally_.count("crash in start");
            crash();
            return false;
        }
        if (one_in(30)) server_->store().go_away();
        Status done = server_->start_step(step);
        while (!done && done.error().code == ErrorCode::unavailable) {
            if (disk_is_full_) {
                // The operator makes space.
                disk_->set_capacity(disk_size);
                disk_is_full_ = false;
            }
            server_->store().come_back();
            done = server_->start_step(step);
        }
        require(done.has_value(), done ? "" : "the start failed: " + done.error().message);
        if (step == Server::claim_step && server_->node().predecessor_may_live()) {
            pass(node::Lease::handover);
            server_->beat();
            tally_.count("handed over");
        }
    }
    server_->store().come_back();
    tally_.count(new_journal_ ? "restart new journal" : "restart");
    new_journal_ = false;
    const auto& found = *server_->node().recovery();
    count_recovery(found);
    const Timestamp now = server_->node().engine().now();
    tally_.note(fmt::format(
        "LSN {} to {}, applied {}", found.first_lsn.value, found.last_lsn.value,
        server_->node().ownership().applied_lsn.value
    ));
    if (auditor_.restarted(found.last_lsn, now, clock_.now())) {
        tally_.count("restart lost mutations");
    }
    for (int wallet = 0; wallet < wallet_count_; ++wallet) {
        const auto lsn =
            auditor_.read(wallet, auditor_.stamp(clock_.now()), server_->node().engine());
        if (lsn) server_->wait_until_durable({-1, *lsn, false});
    }
    for (const auto& totals : server_->node().engine().totals()) {
        require(totals.ok, "an account contradicts its grants or holds");
    }
    return true;
}

/// What recovery found that a crash may leave.
void Episode::count_recovery(const journal::Recovery& found) {
    const Lsn applied = server_->node().ownership().applied_lsn;
    if (found.torn_tail) tally_.count("restart torn tail");
    if (found.last_lsn < found.first_lsn) tally_.count("restart empty journal");
    tally_.count(applied < found.last_lsn ? "restart replayed" : "restart nothing to replay");
    if (found.unused_files.empty()) tally_.count("restart without a prepared file");
    for (const auto& file : found.unused_files) {
        if (file.header_torn) tally_.count("restart torn header");
    }
}

/// Something happens to the files while nobody looks. Then either the server says so, or nothing is
/// missing.
void Episode::damage_and_start() {
    MemoryDisk copy;
    copy.copy_from(*disk_);
    const auto damage = Damage::inflict(copy, given_up_disk_.get(), random_);
    if (damage) start_damaged(copy, *damage);
    try_to_start();
}

void Episode::start_damaged(MemoryDisk& disk, const Damage& damage) {
    MemoryDatabase database = database_;
    Server server(
        Surroundings{disk, database, clock_, monotonic_clock_, journal_count_}, stripes_,
        retention_, new_journal_
    );
    Status done;
    for (int step = 0; step < Server::start_step_count && done; ++step)
        done = server.start_step(step);
    const std::string name = Damage::name(damage.kind());
    if (!done) {
        require(
            done.error().code == ErrorCode::corruption ||
                done.error().code == ErrorCode::already_exists,
            damage.text() + ", and the start failed with " + done.error().message
        );
        tally_.count("refused " + name);
        tally_.count("refusal: " + shape_of(done.error().message));
        return;
    }
    const Lsn last = server.node().recovery()->last_lsn;
    const Lsn needed =
        std::min(auditor_.acknowledged(), damage.findable_up_to().value_or(Lsn{~0ULL}));
    require(
        last >= needed,
        fmt::format("{}, and LSN {} to {} are missing", damage.text(), last.value + 1, needed.value)
    );
    tally_.count((last >= auditor_.acknowledged() ? "harmless " : "unfindable ") + name);
}

/// The operator gives the machine up, and starts a server elsewhere; the old one is still there.
void Episode::replace_server() {
    // The auditor cannot go back behind the last start, and the first assets stay.
    if (database_.owner->applied_lsn < std::max(auditor_.recovered(), Lsn{2})) return;
    disk_->set_fault_injector({});
    server_->beat();
    server_->write();
    deliver();
    send();
    const Lsn applied = database_.owner->applied_lsn;
    const auto old_disk = std::move(disk_);
    const auto old = std::move(server_);
    given_up_disk_ = std::make_unique<MemoryDisk>();
    given_up_disk_->copy_from(*old_disk);
    disk_ = std::make_unique<MemoryDisk>();
    disk_->set_capacity(disk_size);
    disk_is_full_ = false;
    backups_.clear();
    clients_.disconnected();
    receipts_.clear();
    auditor_.accept_loss(applied);
    new_journal_ = true;
    while (!server_) start();
    wake_up(*old);
}

/// It was stopped all the time, and does not know what has happened.
void Episode::wake_up(Server& replaced) {
    replaced.store().come_back();
    for (int turn = 0; !replaced.dead(); ++turn) {
        require(turn < 2'000, "a server that was replaced goes on: " + replaced.cause());
        switch (below(4)) {
            case 0:
                replaced.beat();
                break;
            case 1:
                replaced.write();
                break;
            case 2:
                replaced.wait_until_durable({-1, Lsn{}, false});
                break;
            default:
                if (one_in(4)) replaced.project();
                break;
        }
        require(replaced.take_answerable().empty(), "a server that was replaced answers");
    }
    require(replaced.fenced(), "a server that was replaced ends otherwise: " + replaced.cause());
    tally_.count("fenced");
    if (replaced.anything_waits()) tally_.count("fenced in doubt");
}

}  // namespace faregate::simulation
