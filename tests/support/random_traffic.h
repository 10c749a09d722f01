#pragma once

#include <optional>
#include <random>
#include <string>
#include <vector>

#include "faregate/engine/engine.h"

namespace faregate::support {

/// A stream of requests as a busy and badly behaved set of clients would send them: all kinds of
/// commands, good and bad, with and without idempotency keys, some repeated, some with the key of
/// another request. The same seed and the same answers give the same stream.
class RandomTraffic {
  public:
    struct Request {
        ledger::Command command;
        std::optional<engine::IdempotencyKey> key;
    };

    RandomTraffic(std::uint32_t seed, std::vector<WalletId> wallets);

    /// The commands that create the wallets and give them something to start with come first.
    Request next(Timestamp now);
    /// Tells the stream the answer, so that later requests can be about it.
    void learn(const Request& request, const engine::Execution& execution);

    const std::vector<WalletId>& wallets() const noexcept { return wallets_; }
    const std::vector<AuthorizationId>& authorizations() const noexcept { return authorizations_; }

    /// A random number from 0 to `count` - 1.
    std::uint32_t below(std::uint32_t count);

  private:
    ledger::Command next_command(Timestamp now);
    ledger::Command next_grant(Timestamp now);
    ledger::Command next_update();
    ledger::Command next_on_hold();
    std::vector<ledger::RequestedAmount> next_amounts();
    const WalletId& next_wallet();
    AuthorizationId next_authorization();

    std::mt19937 random_;
    std::vector<WalletId> wallets_;
    std::vector<AuthorizationId> authorizations_;
    std::vector<GrantId> grants_;
    std::vector<Request> sent_;
    std::size_t created_ = 0;
    std::uint64_t key_count_ = 0;
};

/// `count` wallet ids that fall on several stripes.
std::vector<WalletId> wallet_ids(std::size_t count);

}  // namespace faregate::support
