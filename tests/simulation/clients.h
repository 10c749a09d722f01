#pragma once

#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "faregate/ledger/decide.h"
#include "simulation/action.h"

namespace faregate::simulation {

/// Clients that know what they were told, and nothing else. They repeat what they got no answer to,
/// send things twice, use a key for two requests, and race each other for the same holds.
class Clients {
  public:
    Clients(std::mt19937_64& random, int client_count, int wallet_count);

    /// A client that is not waiting for an answer, or nothing.
    std::optional<int> pick_idle();
    /// What it sends now; it then waits.
    const Request& send(int client, Timestamp now);

    /// It is told the answer.
    void answered(int client, const ledger::Receipt& receipt);
    /// It is told that nothing was executed; it may try again.
    void refused(int client);
    /// Nobody who waits will ever be told.
    void disconnected();

  private:
    struct Client {
        bool waiting = false;
        std::optional<Request> request;  ///< without an answer yet
    };
    struct KnownHold {
        int wallet = 0;
        AuthorizationId id;
    };
    struct KnownGrant {
        int wallet = 0;
        GrantId id;
    };

    Request next(Timestamp now);
    Action next_action(Timestamp now);
    Action on_hold();
    LedgerModel::Amounts amounts(bool may_be_new);
    int below(int count);
    bool one_in(int count) { return below(count) == 0; }

    std::mt19937_64& random_;
    std::vector<Client> clients_;
    const int wallet_count_;
    int created_ = 0;
    std::uint64_t key_count_ = 0;
    std::vector<KnownHold> holds_;
    std::vector<KnownGrant> grants_;
    std::vector<Request> sent_;
};

}  // namespace faregate::simulation
