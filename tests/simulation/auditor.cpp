#include "simulation/auditor.h"

#include <fmt/format.h>

#include <algorithm>

#include "support/describe.h"
#include "support/model_comparison.h"

namespace faregate::simulation {
namespace {

using engine::Execution;
using ledger::Outcome;
using Kind = Action::Kind;

bool is_on_hold(const Action& action) {
    return action.kind == Kind::capture || action.kind == Kind::release ||
           action.kind == Kind::increment;
}

std::string describe_missing(
    AuthorizationId id, int number, const LedgerModel& model,
    const std::optional<engine::View<ledger::Authorization>>& found, Timestamp at
) {
    if (found) {
        return fmt::format(
            "{} ended at {} and is still there at {}\n", id.text(),
            found->value.closed_at.microseconds, at.microseconds
        );
    }
    const LedgerModel::Hold& hold = model.holds.at(number);
    return fmt::format(
        "{} is gone at {}: {}, ended at {}\n", id.text(), at.microseconds, hold.status, hold.closed
    );
}

}  // namespace

Auditor::Auditor(int wallet_count, Duration retention)
    : retention_(retention), assets_(asset_count) {
    for (int wallet = 0; wallet < wallet_count; ++wallet) books_[wallet];
}

void Auditor::require(bool holds, const std::string& what) const {
    if (!holds) throw Violation(context_ + ": " + what);
}

Timestamp Auditor::stamp(Timestamp clock) {
    last_stamp_ = std::max(last_stamp_, clock);
    return last_stamp_;
}

Auditor::Event Auditor::next_event() const {
    Event earliest;
    for (const auto& [wallet, book] : books_) {
        const auto consider = [&, number = wallet](std::int64_t at) {
            if (at < earliest.at.microseconds) earliest = Event{Timestamp{at}, number};
        };
        for (const auto& [number, hold] : book.now.ledger.holds) {
            if (hold.status == "authorized") consider(hold.until);
        }
        for (const auto& [number, grant] : book.now.ledger.grants) {
            if (grant.status == "scheduled") consider(grant.from);
            if (grant.status == "active") consider(grant.until);
        }
    }
    return earliest;
}

void Auditor::advance(Wallet& wallet, Timestamp at) const {
    wallet.ledger.advance_to(at.microseconds);
}

std::string Auditor::perform_on_hold(Wallet& wallet, const Action& action) const {
    const auto found = wallet.holds.find(action.authorization);
    const int hold = found == wallet.holds.end() ? -1 : found->second;
    LedgerModel& ledger = wallet.ledger;
    if (action.kind == Kind::release) return ledger.give_back(hold);
    if (action.kind == Kind::increment) {
        std::optional<std::int64_t> ttl;
        if (action.ttl != 0) ttl = action.ttl;
        return ledger.increment(hold, action.amounts, ttl);
    }
    std::optional<LedgerModel::Amounts> amounts;
    if (!action.everything) amounts = action.amounts;
    return ledger.capture(hold, amounts, action.final);
}

/// What the action comes to; changes the wallet if it is accepted. `subject` is the id that the
/// engine gave to what was made.
std::string Auditor::perform(Wallet& wallet, const Action& action, Uid subject) const {
    LedgerModel& ledger = wallet.ledger;
    if (is_on_hold(action)) return perform_on_hold(wallet, action);
    if (action.kind == Kind::revoke) {
        const auto found = wallet.grants.find(action.grant);
        return ledger.revoke(found == wallet.grants.end() ? -1 : found->second);
    }
    if (action.kind == Kind::create_wallet) {
        if (wallet.exists) return "wallet_exists";
        wallet.exists = true;
        ledger.policy = action.policy;
        return "accepted";
    }
    if (!wallet.exists) return "wallet_not_found";
    for (const auto& [asset, amount] : action.amounts) {
        if (!asset_exists(asset)) return "asset_not_found";
    }
    std::string outcome = "accepted";
    switch (action.kind) {
        case Kind::grant: {
            LedgerModel::Grant terms = action.terms;
            terms.asset = action.amounts.begin()->first;
            if (terms.from == 0) terms.from = ledger.now;
            const int number = ledger.next_grant;
            outcome = ledger.add_grant(terms, action.amounts.begin()->second);
            if (outcome != "accepted") break;
            wallet.grants[GrantId{subject}] = number;
            wallet.grant_ids[number] = GrantId{subject};
            break;
        }
        case Kind::authorize:
        case Kind::dry_run: {
            const bool dry_run = action.kind == Kind::dry_run;
            const std::int64_t ttl =
                action.ttl == 0 ? ledger::ttl_default.microseconds : action.ttl;
            const int number = ledger.next_hold;
            outcome = ledger.authorize(action.amounts, ttl, dry_run);
            if (outcome == "accepted" && !dry_run) wallet.holds[AuthorizationId{subject}] = number;
            break;
        }
        case Kind::debit:
            outcome = ledger.debit(action.amounts);
            break;
        case Kind::set_limit:
            outcome =
                ledger.set_limit(action.amounts.begin()->first, action.amounts.begin()->second);
            break;
        case Kind::set_status:
            ledger.frozen = action.frozen;
            break;
        default:
            ledger.policy = action.policy;
            break;
    }
    return outcome;
}

bool Auditor::reaches_wallet(const Wallet& wallet, const Action& action) {
    if (is_on_hold(action)) {
        const auto found = wallet.holds.find(action.authorization);
        return found != wallet.holds.end() && wallet.ledger.holds.count(found->second) != 0;
    }
    if (action.kind == Kind::revoke) {
        const auto found = wallet.grants.find(action.grant);
        return found != wallet.grants.end() && wallet.ledger.grants.count(found->second) != 0;
    }
    return wallet.exists;
}

bool Auditor::names_something_known(const Wallet& wallet, const Action& action) {
    if (is_on_hold(action)) return wallet.holds.count(action.authorization) != 0;
    if (action.kind == Kind::revoke) return wallet.grants.count(action.grant) != 0;
    return true;
}

const Auditor::Answer* Auditor::find_answer(const Book& book, const std::string& key, Timestamp at)
    const {
    const auto found = book.answers.find(key);
    if (key.empty() || found == book.answers.end() || found->second.empty()) return nullptr;
    const Answer& newest = found->second.back();
    return newest.at + retention_ <= at ? nullptr : &newest;
}

/// Holds end when somebody looks at anything in their stripe, and it is from then on that they are
/// kept. The model cannot know who looked first.
void Auditor::adopt_closing_times(Book& book, Timestamp at, engine::Engine& engine) const {
    for (const auto& [id, number] : book.now.holds) {
        const auto found = book.now.ledger.holds.find(number);
        if (found == book.now.ledger.holds.end() || found->second.status != "expired") continue;
        if (book.now.adopted.count(number) != 0) continue;
        LedgerModel::Hold& hold = found->second;
        const auto view = engine.authorization(id);
        if (!view) continue;
        book.now.adopted.insert(number);
        if (*view) {
            hold.closed = (*view)->value.closed_at.microseconds;
            require(
                hold.closed >= hold.until && hold.closed <= at.microseconds,
                fmt::format("{} ended at {}, not after {}", id.text(), hold.closed, hold.until)
            );
        } else {
            require(
                hold.until + retention_.microseconds <= at.microseconds,
                fmt::format(
                    "{} was forgotten too early: at {}, ended at {}, kept for {}", id.text(),
                    at.microseconds, hold.until, retention_.microseconds
                )
            );
            hold.closed = hold.until;
        }
    }
}

void Auditor::check_replay(const Request& request, const Answer& answer, const Execution& found)
    const {
    if (answer.body != to_text(request.action)) {
        require(
            found.receipt.outcome == Outcome::idempotency_key_reused,
            std::string("a key with another body gave ") + to_string(found.receipt.outcome)
        );
        return;
    }
    require(found.replayed, "a repeated request was executed again");
    const std::string receipt = support::describe(found.receipt);
    require(
        receipt == answer.receipt,
        "a repeated request got\n" + receipt + "\nafter\n" + answer.receipt
    );
    require(found.lsn >= answer.lsn, "a replay may be told before the first answer is durable");
}

void Auditor::check_available(const Book& book, const Execution& found) const {
    for (const ledger::ReceiptLine& line : found.receipt.lines) {
        const int expected = book.now.ledger.available(static_cast<int>(line.asset.value));
        require(
            line.available == Amount::from_units(expected),
            fmt::format(
                "asset {} has {} available, not {}", line.asset.value, line.available.to_string(0),
                expected
            )
        );
    }
}

void Auditor::executed(
    const Request& request, Timestamp at, const Result<Execution>& answer, Lsn last,
    engine::Engine& engine
) {
    Book& book = books_.at(request.action.wallet);
    context_ = to_text(request.action) + (request.key.empty() ? "" : " key " + request.key);
    if (!answer) {
        require(answer.error().code == ErrorCode::unavailable, answer.error().message);
        outcome_ = "unavailable";
        return;
    }
    advance(book.now, at);
    adopt_closing_times(book, at, engine);
    book.now.ledger.forget((at.microseconds - retention_.microseconds));

    const Execution& found = *answer;
    const bool reached = reaches_wallet(book.now, request.action);
    const Answer* earlier = find_answer(book, request.key, at);
    if (earlier != nullptr && (reached || earlier->body == to_text(request.action))) {
        check_replay(request, *earlier, found);
        outcome_ = found.replayed ? "replayed" : "idempotency_key_reused";
        return;
    }
    require(!found.replayed, "a new request got an old answer");
    outcome_ = perform(book.now, request.action, found.receipt.subject);
    require(
        to_string(found.receipt.outcome) == outcome_,
        fmt::format("the outcome is {}, not {}", to_string(found.receipt.outcome), outcome_)
    );
    require(found.receipt.at == at, "the answer has the wrong time");

    const bool dry_run = request.action.kind == Kind::dry_run;
    const bool mutated = outcome_ == "accepted" && !dry_run;
    const bool recorded = !request.key.empty() && (reached || mutated) && !dry_run;
    if (mutated || recorded) {
        require(
            found.lsn == last && found.lsn > book.last,
            fmt::format("LSN {} is not the newest, {}", found.lsn.value, last.value)
        );
        book.last = found.lsn;
    } else if (names_something_known(book.now, request.action)) {
        require(
            found.lsn >= book.last || book.last <= recovered_,
            fmt::format("the answer waits for LSN {}, not {}", found.lsn.value, book.last.value)
        );
    }
    if (mutated) {
        check_available(book, found);
        book.mutations.push_back({found.lsn, at, request.action, found.receipt.subject});
    }
    if (recorded) {
        book.answers[request.key].push_back(
            {to_text(request.action), support::describe(found.receipt), found.lsn, at}
        );
    }
}

std::optional<Lsn> Auditor::read(int number, Timestamp at, engine::Engine& engine) {
    Book& book = books_.at(number);
    context_ = fmt::format("reading wallet {}", number);
    const auto view = engine.wallet(wallet_id(number));
    if (!view) {
        require(view.error().code == ErrorCode::unavailable, view.error().message);
        return std::nullopt;
    }
    advance(book.now, at);
    adopt_closing_times(book, at, engine);
    book.now.ledger.forget(at.microseconds - retention_.microseconds);
    require((*view).has_value() == book.now.exists, "it exists for one of them");
    if (!book.now.exists) return Lsn{};

    const ledger::Wallet& wallet = (*view)->value;
    const support::ModelNames names{
        [&](int grant) { return book.now.grant_ids.at(grant); },
        [](std::int64_t time) { return Timestamp{time}; }};
    const LedgerModel& model = book.now.ledger;
    std::string wrong;
    for (int asset = 0; asset < asset_count; ++asset) {
        wrong += support::compare_account(model, wallet, asset);
    }
    for (const auto& [grant, terms] : model.grants) {
        wrong += support::compare_grant(model, grant, wallet, names);
    }
    std::size_t there = 0;
    for (const auto& [grant, terms] : model.grants) there += terms.gone() ? 0 : 1;
    if (wallet.grants.size() != there) wrong += "there is another number of grants\n";
    for (const auto& [id, hold] : book.now.holds) {
        const auto found = engine.authorization(id);
        require(found.has_value(), "a hold cannot be read");
        if (found->has_value() != (model.holds.count(hold) != 0)) {
            wrong += describe_missing(id, hold, model, *found, at);
        } else if (*found) {
            wrong += support::compare_hold(model, hold, (*found)->value, names);
        }
    }
    require(wrong.empty(), wrong);
    require((*view)->lsn >= book.last, "the answer does not wait for the last mutation");
    std::erase_if(book.now.holds, [&](const auto& each) {
        return model.holds.count(each.second) == 0;
    });
    return (*view)->lsn;
}

bool Auditor::restarted(Lsn last, Timestamp now, Timestamp clock) {
    context_ = "restart";
    require(
        last >= acknowledged_,
        fmt::format("LSN {} was acknowledged, and {} is the last", acknowledged_.value, last.value)
    );
    require(now <= std::max(last_stamp_, clock), "time has gone ahead of everything that was seen");
    for (auto& asset : assets_) {
        if (asset && *asset > last) asset.reset();
    }
    bool lost = false;
    for (auto& [number, book] : books_) {
        book.now = book.before;
        book.last = book.last_before;
        for (const Mutation& mutation : book.mutations) {
            if (mutation.lsn > last) {
                lost = true;
                break;
            }
            require(mutation.at <= now, "time has gone back");
            book.last = mutation.lsn;
            advance(book.now, mutation.at);
            const std::string outcome = perform(book.now, mutation.action, mutation.subject);
            require(outcome == "accepted", "the model does not repeat itself: " + outcome);
        }
        book.mutations.clear();
        book.before = book.now;
        for (auto& [key, answers] : book.answers) {
            while (!answers.empty() && answers.back().lsn > last) answers.pop_back();
            if (!answers.empty()) book.last = std::max(book.last, answers.back().lsn);
        }
        book.last_before = book.last;
    }
    last_stamp_ = now;
    recovered_ = last;
    return lost;
}

}  // namespace faregate::simulation
