#include "simulation/episode.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <regex>

namespace faregate::simulation {
namespace {

using support::MemoryDatabase;
using support::MemoryDisk;
using Operation = MemoryDisk::Operation;

constexpr int client_count = 8;
constexpr std::uint64_t disk_size = std::uint64_t{64} << 20;
constexpr Duration tick = Duration{1};

Error io_error(const char* what) { return Error{ErrorCode::io, what}; }

/// A message without its names and numbers, so that equal reasons look equal.
std::string shape_of(const std::string& message) {
    static const std::regex details("memory(/[0-9.a-z]+)?|[0-9a-f]{32}|[0-9]+");
    const std::string shape =
        std::regex_replace(message.substr(0, message.find(". ")), details, "#");
    const std::string prefix = "journal file # is damaged at offset #: ";
    return shape.starts_with(prefix) ? shape.substr(prefix.size()) : shape;
}

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

void Episode::expect_everything(Tally& tally) {
    for (int i = 0; i < ledger::outcome_count; ++i) {
        const auto outcome = static_cast<ledger::Outcome>(i);
        // Assets are created once and for all, and the model counts coins one by one.
        const bool possible = outcome != ledger::Outcome::asset_exists &&
                              outcome != ledger::Outcome::balance_too_large;
        if (possible) {
            tally.expect(std::string("outcome ") + to_string(outcome));
        }
    }
    for (const char* name :
         {"outcome replayed",
          "outcome unavailable",
          "acknowledged",
          "crash power",
          "crash kill",
          "crash in start",
          "crash in the middle",
          "stopped",
          "restart",
          "restart new journal",
          "restart torn tail",
          "restart empty journal",
          "restart replayed",
          "restart nothing to replay",
          "restart without a prepared file",
          "restart lost mutations",
          "failed sync",
          "failed write",
          "failed preparation",
          "disk full",
          "database away",
          "database lost answer",
          "database refused commit",
          "database fell back",
          "fenced",
          "fenced in doubt",
          "paused",
          "paused too long",
          "handed over",
          "clock back",
          "clock ahead",
          "swept",
          "files removed",
          "quiet audit"}) {
        tally.expect(name);
    }
    for (int i = 0; i < Damage::kind_count; ++i) {
        tally.expect(std::string("refused ") + Damage::name(static_cast<Damage::Kind>(i)));
    }
    // Every reason that damage of these kinds can give recovery or the reader.
    for (const char* reason :
         {"the database belongs to journal #, which is not in #",
          "the file is missing, but #.journal follows it", "the file was cut to # bytes",
          "the file has # bytes, and its header says #",
          "the file is prepared, but none before it is in use",
          "the file belongs to journal #, and the first file to #", "the header is wrong",
          "the header is wrong, but #.journal was used after it",
          "the header says that this is file #", "there is no frame header",
          "the checksum of the payload is wrong, though all of it was written",
          "the hash of the previous frame does not match",
          "LSN # should come next, and the frame begins with #",
          "the journal ends here with LSN #, but PostgreSQL has records up to LSN #, which were "
          "durable in the journal before",
          "the record with LSN # cannot be read, but at offset # stands a later frame of this "
          "journal, with first LSN #, written when LSN # was durable",
          "the record with LSN # should be here, but there are only zeros; and #.journal does not "
          "follow it",
          "the record with LSN # should be here, but there is no frame header; and #.journal does "
          "not follow it",
          "the record with LSN # should be here, but the checksum of the payload is wrong, though "
          "all of it was written; and #.journal does not follow it"}) {
        tally.expect(std::string("refusal: ") + reason);
    }
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
    const auto answer = engine.execute(to_command(request.action), to_key(request));
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
