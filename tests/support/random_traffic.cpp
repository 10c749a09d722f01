#include "support/random_traffic.h"

#include <array>
#include <utility>

namespace faregate::support {

using namespace ledger;
using namespace engine;

RandomTraffic::RandomTraffic(std::uint32_t seed, std::vector<WalletId> wallets)
    : random_(seed), wallets_(std::move(wallets)) {}

std::uint32_t RandomTraffic::below(std::uint32_t count) {
    // Not a standard distribution: those differ between libraries.
    return static_cast<std::uint32_t>(random_()) % count;
}

const WalletId& RandomTraffic::next_wallet() {
    // The first wallet is a hot one.
    const auto count = static_cast<std::uint32_t>(wallets_.size());
    return wallets_[below(3) == 0 ? 0 : below(count)];
}

AuthorizationId RandomTraffic::next_authorization() {
    if (authorizations_.empty() || below(50) == 0) return AuthorizationId{Uid{1, below(9)}};
    const auto count = static_cast<std::uint32_t>(authorizations_.size());
    const std::uint32_t recent = below(4) == 0 ? below(count) : below(std::min(count, 12U));
    return authorizations_[count - 1 - recent];
}

std::vector<RequestedAmount> RandomTraffic::next_amounts() {
    std::vector<RequestedAmount> result;
    const auto number = [&] {
        const std::string text = std::to_string(below(40));
        return below(60) == 0 ? Decimal::parse("-1") : Decimal::parse(text);
    };
    const std::uint32_t which = below(5);
    if (which != 1) result.push_back({"USD", number()});
    if (which == 1 || which == 2) result.push_back({"TOK", number()});
    if (below(80) == 0) result.push_back({"XXX", number()});
    if (below(2) == 0) std::swap(result.front(), result.back());
    return result;
}

Command RandomTraffic::next_grant(Timestamp now) {
    AddGrant command;
    command.wallet = next_wallet();
    command.amount = next_amounts().front();
    command.kind = static_cast<GrantKind>(below(3));
    command.priority = std::array<std::uint8_t, 3>{50, 20, 80}.at(below(3));
    if (below(4) == 0) command.effective_at = now + Duration::seconds(below(60));
    if (below(3) == 0) command.expires_at = now + Duration::seconds(1 + below(120));
    if (below(3) == 0) command.metadata = "{\"n\":" + std::to_string(below(100)) + "}";
    return command;
}

Command RandomTraffic::next_update() {
    UpdateWallet command;
    command.wallet = next_wallet();
    switch (below(5)) {
        case 0:
            command.status = below(4) == 0 ? WalletStatus::frozen : WalletStatus::active;
            break;
        case 1:
            command.over_capture = static_cast<OverCapture>(below(3));
            break;
        case 2:
            command.name = below(3) == 0 ? "" : "Name " + std::to_string(below(10));
            command.metadata = below(3) == 0 ? "" : "{\"a\":1}";
            break;
        default:
            command.overdraft_limits = next_amounts();
    }
    return command;
}

Command RandomTraffic::next_on_hold() {
    const AuthorizationId id = next_authorization();
    const std::uint32_t which = below(8);
    if (which == 0) return Void{id};
    if (which <= 2) {
        Increment command{id, {}, {}};
        if (below(3) != 0) command.amounts = next_amounts();
        if (below(3) == 0) command.ttl = Duration::seconds(1 + below(90));
        return command;
    }
    Capture command{id, {}, below(2) == 0};
    if (below(3) != 0) command.amounts = next_amounts();
    return command;
}

Command RandomTraffic::next_command(Timestamp now) {
    const std::uint32_t which = below(20);
    if (which == 0) return next_update();
    if (which == 1 && !grants_.empty() && below(2) == 0) {
        return RevokeGrant{grants_[below(static_cast<std::uint32_t>(grants_.size()))]};
    }
    if (which == 2 && below(4) == 0) return CreateWallet{next_wallet(), "", {}, ""};
    if (which <= 4) return next_grant(now);
    if (which <= 7) return Debit{next_wallet(), next_amounts(), "a debit", ""};
    if (which <= 12) return next_on_hold();
    Authorize command;
    command.wallet = below(100) == 0 ? WalletId::trusted("nobody") : next_wallet();
    command.amounts = next_amounts();
    command.ttl = Duration::seconds(1 + below(60));
    command.dry_run = below(15) == 0;
    if (below(3) == 0) command.description = "a description";
    return command;
}

RandomTraffic::Request RandomTraffic::next(Timestamp now) {
    if (created_ < 3 * wallets_.size()) {
        const WalletId& wallet = wallets_[created_ / 3];
        const std::size_t step = created_++ % 3;
        if (step == 0)
            return {CreateWallet{wallet, "", static_cast<OverCapture>(below(3)), ""}, {}};
        AddGrant command;
        command.wallet = wallet;
        command.amount = {step == 1 ? "USD" : "TOK", Decimal::parse("300")};
        return {command, {}};
    }
    if (!sent_.empty() && below(12) == 0) {
        const auto count = static_cast<std::uint32_t>(sent_.size());
        return sent_[count - 1 - below(std::min(count, 20U))];
    }
    Request request{next_command(now), {}};
    if (below(3) == 0) {
        // Sometimes the key of another request.
        const std::uint64_t number = below(20) == 0 ? below(30) : ++key_count_;
        request.key =
            IdempotencyKey::make(std::to_string(number), "request " + std::to_string(key_count_));
    }
    return request;
}

void RandomTraffic::learn(const Request& request, const Execution& execution) {
    if (request.key && !execution.replayed) sent_.push_back(request);
    const bool fresh = execution.receipt.outcome == Outcome::accepted && !execution.replayed;
    if (!fresh || execution.receipt.subject.is_nil()) return;
    if (std::holds_alternative<Authorize>(request.command)) {
        authorizations_.push_back(AuthorizationId{execution.receipt.subject});
    } else if (std::holds_alternative<AddGrant>(request.command)) {
        grants_.push_back(GrantId{execution.receipt.subject});
    }
}

std::vector<WalletId> wallet_ids(std::size_t count) {
    std::vector<WalletId> ids;
    for (std::size_t i = 0; i < count; ++i)
        ids.push_back(WalletId::trusted("w" + std::to_string(i)));
    return ids;
}

}  // namespace faregate::support
