#include "simulation/clients.h"

#include <fmt/format.h>

#include <algorithm>

namespace faregate::simulation {
namespace {

using Kind = Action::Kind;

constexpr std::size_t remembered = 24;
constexpr std::int64_t second = 1'000'000;

/// Whose wallet follows from what it names.
bool has_a_subject(const Action& action) {
    return action.kind == Kind::revoke || action.kind == Kind::capture ||
           action.kind == Kind::release || action.kind == Kind::increment;
}

template <typename T>
void remember(std::vector<T>& list, T value) {
    if (list.size() >= remembered) list.erase(list.begin());
    list.push_back(std::move(value));
}

}  // namespace

Clients::Clients(std::mt19937_64& random, int client_count, int wallet_count)
    : random_(random),
      clients_(static_cast<std::size_t>(client_count)),
      wallet_count_(wallet_count) {}

int Clients::below(int count) {
    return static_cast<int>(random_() % static_cast<std::uint64_t>(count));
}

std::optional<int> Clients::pick_idle() {
    const int first = below(static_cast<int>(clients_.size()));
    for (std::size_t i = 0; i < clients_.size(); ++i) {
        const std::size_t client = (static_cast<std::size_t>(first) + i) % clients_.size();
        if (!clients_[client].waiting) return static_cast<int>(client);
    }
    return std::nullopt;
}

const Request& Clients::send(int client, Timestamp now) {
    Client& sender = clients_.at(static_cast<std::size_t>(client));
    if (!sender.request) sender.request = next(now);
    sender.waiting = true;
    return *sender.request;
}

void Clients::answered(int client, const ledger::Receipt& receipt) {
    Client& sender = clients_.at(static_cast<std::size_t>(client));
    const Action& action = sender.request->action;
    if (receipt.outcome == ledger::Outcome::accepted && !receipt.subject.is_nil()) {
        if (action.kind == Kind::authorize) {
            remember(holds_, {action.wallet, AuthorizationId{receipt.subject}});
        } else if (action.kind == Kind::grant) {
            remember(grants_, {action.wallet, GrantId{receipt.subject}});
        }
    }
    sender = Client{};
}

void Clients::refused(int client) {
    Client& sender = clients_.at(static_cast<std::size_t>(client));
    sender.waiting = false;
    if (one_in(2)) sender.request.reset();
}

void Clients::disconnected() {
    for (Client& client : clients_) {
        // Without a key nobody dares to send it again.
        const bool again = client.request && !client.request->key.empty() && !one_in(8);
        if (!again) client.request.reset();
        client.waiting = false;
    }
}

Request Clients::next(Timestamp now) {
    if (!sent_.empty() && one_in(12)) {
        Request again = sent_[static_cast<std::size_t>(below(static_cast<int>(sent_.size())))];
        if (one_in(3)) {
            // Another body under the same key, for the same wallet: keys belong to wallets.
            const int wallet = again.action.wallet;
            again.action = next_action(now);
            if (!has_a_subject(again.action)) again.action.wallet = wallet;
        }
        return again;
    }
    Request request;
    request.action = next_action(now);
    if (!one_in(3)) request.key = fmt::format("key-{}", ++key_count_);
    if (!request.key.empty()) remember(sent_, request);
    return request;
}

/// One asset or two, small amounts; now and then one that is no amount, or an asset that may not
/// exist yet.
LedgerModel::Amounts Clients::amounts(bool may_be_new) {
    LedgerModel::Amounts amounts;
    const auto amount = [this] { return one_in(40) ? -1 : one_in(40) ? 0 : 1 + below(9); };
    amounts[may_be_new && one_in(12) ? 2 : below(2)] = amount();
    if (one_in(3)) amounts[below(2)] = amount();
    return amounts;
}

Action Clients::on_hold() {
    Action action;
    const int kind = below(10);
    action.kind = kind < 6 ? Kind::capture : kind < 8 ? Kind::release : Kind::increment;
    action.wallet = below(wallet_count_);
    action.authorization = AuthorizationId{Uid{1, 1}};
    if (!holds_.empty() && !one_in(30)) {
        // Recent ones are more interesting.
        const int count = static_cast<int>(holds_.size());
        const int index = count - 1 - std::min(below(count), below(count));
        action.wallet = holds_[static_cast<std::size_t>(index)].wallet;
        action.authorization = holds_[static_cast<std::size_t>(index)].id;
    }
    if (action.kind == Kind::capture) {
        action.final = !one_in(3);
        action.everything = one_in(4);
        if (!action.everything) action.amounts = amounts(false);
    }
    if (action.kind == Kind::increment) {
        action.ttl = (1 + below(60)) * second;
        if (!one_in(4)) action.amounts = amounts(false);
        if (!action.amounts.empty() && one_in(2)) action.ttl = 0;
    }
    return action;
}

Action Clients::next_action(Timestamp now) {
    Action action;
    action.wallet = below(wallet_count_);
    if (created_ < wallet_count_ || one_in(200)) {
        action.kind = Kind::create_wallet;
        if (created_ < wallet_count_) action.wallet = created_++;
        action.policy = static_cast<LedgerModel::Policy>(below(3));
        return action;
    }
    const int kind = below(100);
    if (kind < 18) {
        action.kind = Kind::grant;
        action.amounts = {{one_in(12) ? 2 : below(2), one_in(40) ? 0 : 1 + below(30)}};
        action.terms.priority = one_in(3) ? 10 + 40 * below(3) : 50;
        action.terms.paid = one_in(2);
        if (one_in(5)) action.terms.from = now.microseconds + (below(40) - 5) * second;
        if (one_in(2)) action.terms.until = now.microseconds + (below(80) - 1) * second;
    } else if (kind < 22) {
        action.kind = Kind::revoke;
        action.grant = GrantId{Uid{1, 1}};
        if (!grants_.empty() && !one_in(20)) {
            const auto index = static_cast<std::size_t>(below(static_cast<int>(grants_.size())));
            action.wallet = grants_[index].wallet;
            action.grant = grants_[index].id;
        }
    } else if (kind < 50) {
        action.kind = one_in(12) ? Kind::dry_run : Kind::authorize;
        action.amounts = amounts(true);
        if (!one_in(10)) action.ttl = (1 + below(40)) * second;
    } else if (kind < 60) {
        action.kind = Kind::debit;
        action.amounts = amounts(true);
    } else if (kind < 92) {
        action = on_hold();
    } else if (kind < 95) {
        action.kind = Kind::set_status;
        action.frozen = one_in(5);
    } else if (kind < 97) {
        action.kind = Kind::set_policy;
        action.policy = static_cast<LedgerModel::Policy>(below(3));
    } else {
        action.kind = Kind::set_limit;
        action.amounts = {{below(2), below(16)}};
    }
    return action;
}

}  // namespace faregate::simulation
