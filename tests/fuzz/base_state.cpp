#include "fuzz/base_state.h"

#include "faregate/core/assert.h"
#include "support/engine_rig.h"

namespace faregate::fuzz {

using namespace ledger;

namespace {

template <typename Id>
void replace_ids(std::string& text, char kind, const std::vector<Id>& ids) {
    for (std::size_t i = 0; i < ids.size(); ++i) {
        const std::string mark = std::string("{") + kind + std::to_string(i) + "}";
        const std::string id = ids[i].text();
        for (std::size_t at = text.find(mark); at != std::string::npos; at = text.find(mark, at)) {
            text.replace(at, mark.size(), id);
        }
    }
}

UpdateWallet update(const std::string& wallet) {
    UpdateWallet command;
    command.wallet = WalletId::trusted(wallet);
    return command;
}

}  // namespace

BaseState::BaseState(engine::Engine& engine, support::ManualClock& clock)
    : engine_(engine), clock_(clock) {
    clock_.set(support::ManualClock::start);
    add_wallets();
    add_grants();
    set_policies();
    add_authorizations();
    UpdateWallet frozen = update("frozen");
    frozen.status = WalletStatus::frozen;
    must(frozen);
}

engine::Execution BaseState::must(const Command& command) {
    const auto execution = engine_.execute(command, {});
    FG_ASSERT(execution.has_value(), "the log takes everything");
    FG_ASSERT(execution->receipt.outcome == Outcome::accepted, "the state can be made");
    return *execution;
}

void BaseState::add_wallets() {
    for (const CreateAsset& command :
         {support::asset("USD", 2), support::asset("TOK", 0), support::asset("GPU", 6)}) {
        FG_ASSERT(engine_.create_asset(command, {}).has_value(), "the log takes everything");
    }
    for (const char* wallet : {"acme", "credit", "frozen", "strict"}) {
        must(support::create_wallet(wallet));
        wallets_.push_back(WalletId::trusted(wallet));
    }
}

void BaseState::add_grants() {
    const auto add = [this](const AddGrant& command) {
        grants_.push_back(support::grant_of(must(command)));
    };
    add(support::grant("acme", "100"));
    add(support::grant("acme", "TOK:1000"));
    add(support::grant("frozen", "10"));
    add(support::grant("strict", "20"));
    AddGrant promotional = support::grant("acme", "5");
    promotional.kind = GrantKind::promotional;
    promotional.priority = 10;
    promotional.expires_at = clock_.now() + Duration::seconds(600);
    add(promotional);
    AddGrant scheduled = support::grant("acme", "7");
    scheduled.kind = GrantKind::recurring;
    scheduled.effective_at = clock_.now() + Duration::seconds(600);
    add(scheduled);
    must(RevokeGrant{support::grant_of(must(support::grant("strict", "3")))});
}

void BaseState::set_policies() {
    UpdateWallet credit = update("credit");
    credit.over_capture = OverCapture::debt;
    credit.overdraft_limits = support::amounts("50");
    must(credit);
    UpdateWallet strict = update("strict");
    strict.over_capture = OverCapture::reject;
    must(strict);
}

void BaseState::add_authorizations() {
    const auto add = [this](const Authorize& command) {
        const auto execution = must(command);
        authorizations_.push_back(support::authorization_of(execution));
        return execution;
    };
    add(support::authorize("acme", "10"));
    add(support::authorize("acme", "20,TOK:30", 1'000));
    must(support::capture(add(support::authorize("acme", "1"))));
    must(support::give_back(add(support::authorize("acme", "2"))));
    add(support::authorize("acme", "3", 1));
    add(support::authorize("credit", "40"));
    add(support::authorize("strict", "4"));
    add(support::authorize("frozen", "5"));
    // The one of a second ends here.
    clock_.advance(Duration::seconds(2));
    FG_ASSERT(engine_.sweep().has_value(), "the log takes everything");
}

std::string BaseState::with_ids(std::string_view text) const {
    std::string result(text);
    replace_ids(result, 'a', authorizations_);
    replace_ids(result, 'g', grants_);
    return result;
}

}  // namespace faregate::fuzz
