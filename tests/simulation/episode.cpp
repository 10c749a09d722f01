#include "simulation/episode.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>

namespace faregate::simulation {
namespace {

using support::MemoryDatabase;
using support::MemoryDisk;
using Operation = MemoryDisk::Operation;

constexpr int client_count = 8;
constexpr Duration tick = Duration{1};

Error io_error(const char* what) { return Error{ErrorCode::io, what}; }

}  // namespace

Episode::Episode(std::uint64_t seed, Tally& tally)
    : random_(seed),
      tally_(tally),
      disk_(std::make_unique<MemoryDisk>()),
      wallet_count_(2 + static_cast<int>(below(6))),
      stripes_(2U << below(3)),
      retention_(Duration::seconds(30 + static_cast<std::int64_t>(below(120)))),
      auditor_(wallet_count_, retention_),
      clients_(random_, client_count, wallet_count_) {
    disk_->set_capacity(disk_size);
}

Episode::~Episode() = default;

void Episode::require(bool holds, const std::string& what) {
    if (!holds) throw Violation(what);
}

void Episode::run(std::uint64_t operations) {
    while (!server_) start();
    create_asset(0);
    create_asset(1);
    server_->write();
    auditor_.acknowledged(server_->node().durable().value());
    require(server_->node().durable().value() == Lsn{2}, "the first assets are not durable");
    while (operations_ < operations) step();
    settle();
}

void Episode::step() {
    if (!server_) return start();
    if (server_->dead()) {
        if (server_->fenced()) tally_.count("fenced");
        return one_in(2) ? crash() : leave_down();
    }
    use_server();
    deliver();
    move_time();
    if (one_in(40)) make_trouble();
}

void Episode::use_server() {
    if (!one_in(4)) server_->beat();
    const std::uint64_t what = below(100);
    if (what < 55) {
        send();
    } else if (what < 60) {
        read(static_cast<int>(below(static_cast<std::uint64_t>(wallet_count_))));
    } else if (what < 80) {
        server_->write();
    } else if (what < 84) {
        server_->prepare();
    } else if (what < 94) {
        server_->project();
    } else if (what < 96) {
        const auto swept = server_->node().engine().sweep();
        auditor_.stamp(clock_.now());
        if (swept && *swept > 0) tally_.count("swept");
    } else if (what < 97 && !auditor_.asset_exists(2)) {
        create_asset(2);
    } else if (what < 98) {
        // As far back as a database that falls back may need it.
        Lsn keep = database_.owner->applied_lsn;
        for (const MemoryDatabase& backup : backups_) {
            keep = std::min(keep, backup.owner ? backup.owner->applied_lsn : Lsn{});
        }
        const auto removed =
            server_->node().journal().remove_before(keep.next(), Timestamp::never());
        if (removed && *removed > 0) tally_.count("files removed");
    } else if (what < 99 && backups_.size() < 2 && database_.owner) {
        backups_.push_back(database_);
    } else if (!backups_.empty()) {
        backups_.erase(backups_.begin());
    }
}

void Episode::send() {
    const auto client = clients_.pick_idle();
    if (client) execute(*client);
}

void Episode::execute(int client) {
    ++operations_;
    const Request& request = clients_.send(client, clock_.now());
    engine::Engine& engine = server_->node().engine();
    const Timestamp at = auditor_.stamp(clock_.now());
    auto answer = engine.execute(to_command(request.action), to_key(request));
    if (answer && answer->answer_elsewhere) {
        const auto row = database_.answer(answer->lsn);
        const bool fell_back = !database_.owner || database_.owner->applied_lsn < answer->lsn;
        require(row || fell_back, "an answer was let go of that the database does not have");
        if (row) {
            const Status read = recall_answer(*answer, *to_key(request), *row);
            require(read.has_value(), "an answer cannot be read from the database");
        } else {
            answer = failure(ErrorCode::unavailable, "the database lacks the answer");
        }
        tally_.count(row ? "answers from the database" : "answers the database has lost");
    }
    const Lsn last = server_->node().journal().last_lsn();
    auditor_.executed(request, at, answer, last, engine);
    tally_.note(fmt::format("{} {}: {}", at.microseconds, last.value, auditor_.context()));
    tally_.count("outcome " + auditor_.outcome());
    if (!answer) return clients_.refused(client);
    receipts_.emplace_back(client, answer->receipt);
    server_->wait_until_durable({client, answer->lsn, one_in(10)});
}

void Episode::read(int wallet) {
    ++operations_;
    const Timestamp at = auditor_.stamp(clock_.now());
    const auto lsn = auditor_.read(wallet, at, server_->node().engine());
    if (lsn) server_->wait_until_durable({-1, *lsn, false});
}

void Episode::create_asset(int asset) {
    ledger::CreateAsset command;
    command.code = asset_codes[asset];
    command.scale = asset_scales[asset];
    auditor_.stamp(clock_.now());
    const auto answer = server_->node().engine().create_asset(command, {});
    if (!answer) return;
    require(answer->receipt.outcome == ledger::Outcome::accepted, "an asset is there already");
    auditor_.asset_created(asset, answer->lsn);
}

void Episode::deliver() {
    for (const Server::Waiting& each : server_->take_answerable()) {
        auditor_.acknowledged(each.lsn);
        if (each.client < 0) continue;
        const auto found = std::find_if(receipts_.begin(), receipts_.end(), [&](const auto& one) {
            return one.first == each.client;
        });
        require(found != receipts_.end(), "an answer for nobody");
        clients_.answered(each.client, found->second);
        receipts_.erase(found);
        tally_.count("acknowledged");
    }
}

void Episode::move_time() {
    // Now to the very tick of an expiry, one before it or one after it, now past many of them.
    if (one_in(10)) {
        const auto event = auditor_.next_event();
        if (event.at.is_never()) return;
        const Timestamp at{event.at.microseconds + static_cast<std::int64_t>(below(3)) - 1};
        if (at <= clock_.now()) return;
        pass(at - clock_.now());
        server_->beat();
        return read(event.wallet);
    }
    pass(one_in(3) ? tick : Duration::milliseconds(static_cast<std::int64_t>(below(900))));
    if (!one_in(400)) return;
    const Duration jump = Duration::seconds(static_cast<std::int64_t>(below(200)));
    if (one_in(2)) {
        clock_.advance(jump);
        tally_.count("clock ahead");
    } else {
        clock_.set(Timestamp{clock_.now().microseconds - jump.microseconds});
        tally_.count("clock back");
    }
}

/// The server runs meanwhile.
void Episode::pass(Duration time) {
    clock_.advance(time);
    monotonic_clock_.advance(time);
}

/// The server is stopped for a while, and wakes up with everything that it had.
void Episode::pause() {
    server_->beat();
    const Duration time = Duration::milliseconds(static_cast<std::int64_t>(below(5'000)));
    pass(time);
    tally_.count("paused");
    if (time <= node::Lease::pause_max) return;
    tally_.count("paused too long");
    require(server_->take_answerable().empty(), "an answer before the ownership is certain");
    require(server_->in_doubt(), "a server that was stopped for long has no doubts");
}

void Episode::make_trouble() {
    if (!trouble_ || server_->dead()) return;
    const std::uint64_t what = below(100);
    if (what < 18) {
        if (one_in(4)) stop_in_the_middle();
        crash();
    } else if (what < 22) {
        stop();
    } else if (what < 50) {
        trouble_disk();
    } else if (what < 94) {
        trouble_database();
    } else if (what < 96) {
        replace_server();
    } else {
        pause();
    }
}

void Episode::trouble_disk() {
    if (disk_is_full_) {
        disk_->set_capacity(disk_size);
        disk_is_full_ = false;
        return;
    }
    const std::uint64_t what = below(10);
    if (what < 5) {
        disk_->set_capacity(0);
        disk_is_full_ = true;
        tally_.count("disk full");
        return;
    }
    const Operation failing = what < 7   ? Operation::sync
                              : what < 8 ? Operation::write
                              : what < 9 ? Operation::create
                                         : Operation::allocate;
    auto left = std::make_shared<std::uint64_t>(below(6));
    auto& tally = tally_;
    disk_->set_fault_injector(
        [failing, left, &tally](const MemoryDisk::Access& access) -> std::optional<Error> {
            if (access.operation != failing || (*left)-- != 0) return std::nullopt;
            tally.count(
                failing == Operation::sync    ? "failed sync"
                : failing == Operation::write ? "failed write"
                                              : "failed preparation"
            );
            return io_error("injected");
        }
    );
}

void Episode::trouble_database() {
    switch (below(6)) {
        case 0:
            server_->store().go_away();
            tally_.count("database away");
            break;
        case 1:
        case 2:
        case 3:
            server_->store().come_back();
            break;
        case 4:
            server_->store().lose_next_answer();
            tally_.count("database lost answer");
            if (!one_in(3)) break;
            server_->store().refuse_next_commit();
            tally_.count("database refused commit");
            break;
        default:
            fall_back();
            break;
    }
}

/// A fail-over to a replica that lacks the last commits.
void Episode::fall_back() {
    if (backups_.empty() || backups_.front().owner->journal != database_.owner->journal) return;
    database_ = backups_.front();
    backups_.erase(backups_.begin());
    tally_.count("database fell back");
}

void Episode::leave_down() {
    clients_.disconnected();
    receipts_.clear();
    disk_->kill();
    disk_->set_fault_injector({});
    server_.reset();
}

void Episode::crash() {
    clients_.disconnected();
    receipts_.clear();
    if (one_in(2)) {
        disk_->crash(random_);
        tally_.count("crash power");
    } else {
        disk_->kill();
        tally_.count("crash kill");
    }
    disk_->set_fault_injector({});
    server_.reset();
}

/// The crash comes between two accesses to the disk.
void Episode::stop_in_the_middle() {
    auto left = std::make_shared<std::uint64_t>(below(4));
    disk_->set_fault_injector([left](const MemoryDisk::Access& access) -> std::optional<Error> {
        const bool changes =
            access.operation != Operation::read && access.operation != Operation::open;
        if (!changes || (*left > 0 && (*left)-- > 0)) return std::nullopt;
        return io_error("the crash came before");
    });
    if (one_in(3)) server_->prepare();
    server_->write();
    tally_.count("crash in the middle");
}

void Episode::stop() {
    server_->node().stop();
    deliver();
    tally_.count("stopped");
    leave_down();
}

/// When all trouble is over, everything is everywhere.
void Episode::settle() {
    trouble_ = false;
    while (!server_ || server_->dead()) step();
    disk_->set_capacity(disk_size);
    disk_->set_fault_injector({});
    server_->store().come_back();
    int quiet = 0;
    for (int round = 0; round < 10'000 && quiet < 4; ++round) {
        server_->beat();
        server_->prepare();
        server_->write();
        server_->project();
        if (server_->dead()) {
            leave_down();
            while (!server_) start();
            continue;
        }
        const bool done =
            server_->node().durable().value() == server_->node().journal().last_lsn() &&
            !server_->projection().behind();
        quiet = done ? quiet + 1 : 0;
        if (done && !backups_.empty()) {
            // Nothing is written any more, and still it has to be noticed.
            fall_back();
            backups_.clear();
            quiet = 0;
        }
    }
    deliver();
    require(!server_->anything_waits(), "an answer is never given");
    require(!server_->dead(), "the server died in peace: " + server_->cause());
    require(
        database_.owner->applied_lsn == server_->node().journal().last_lsn(),
        "the database does not catch up"
    );
    const std::string wrong = database_.audit();
    require(wrong.empty(), "the database does not add up: " + wrong);
    for (int wallet = 0; wallet < wallet_count_; ++wallet) {
        auditor_.read(wallet, auditor_.stamp(clock_.now()), server_->node().engine());
    }
    tally_.count("quiet audit");
}

}  // namespace faregate::simulation
