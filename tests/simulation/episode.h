#pragma once

#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "simulation/auditor.h"
#include "simulation/clients.h"
#include "simulation/damage.h"
#include "simulation/server.h"
#include "simulation/tally.h"
#include "support/manual_clock.h"

namespace faregate::simulation {

/// A world of its own from the first asset to the last audit: a disk, a database, a clock, servers
/// that come and go, clients, and everything that can go wrong with each of them. The same seed
/// gives the same course of events.
class Episode {
  public:
    Episode(std::uint64_t seed, Tally& tally);
    ~Episode();

    /// Throws a Violation.
    void run(std::uint64_t operations);

    /// Names that every long run has to reach.
    static void expect_everything(Tally& tally);

  private:
    void step();
    void use_server();
    void send();
    void execute(int client);
    void read(int wallet);
    void create_asset(int asset);
    void deliver();
    void move_time();
    void pass(Duration time);
    void pause();
    void make_trouble();
    void trouble_disk();
    void trouble_database();

    void crash();
    void stop_in_the_middle();
    void stop();
    void leave_down();
    void start();
    bool try_to_start();
    void count_recovery(const journal::Recovery& found);
    void damage_and_start();
    void start_damaged(support::MemoryDisk& disk, const Damage& damage);
    void replace_server();
    void wake_up(Server& replaced);
    void fall_back();
    void settle();

    static constexpr std::uint64_t disk_size = std::uint64_t{64} << 20;

    bool one_in(std::uint64_t count) { return random_() % count == 0; }
    std::uint64_t below(std::uint64_t count) { return random_() % count; }
    void require(bool holds, const std::string& what);

    std::mt19937_64 random_;
    Tally& tally_;
    support::ManualClock clock_;
    support::ManualMonotonicClock monotonic_clock_;
    std::unique_ptr<support::MemoryDisk> disk_;
    std::unique_ptr<support::MemoryDisk> given_up_disk_;  ///< of the server that was replaced last
    support::MemoryDatabase database_;
    std::vector<support::MemoryDatabase> backups_;
    const int wallet_count_;
    const std::uint32_t stripes_;
    const Duration retention_;
    Auditor auditor_;
    Clients clients_;
    std::unique_ptr<Server> server_;
    bool disk_is_full_ = false;
    bool trouble_ = true;
    bool new_journal_ = false;
    std::uint64_t journal_count_ = 0;
    std::uint64_t operations_ = 0;
    std::vector<std::pair<int, ledger::Receipt>> receipts_;  ///< of clients that wait
};

}  // namespace faregate::simulation
