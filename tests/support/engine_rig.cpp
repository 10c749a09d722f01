#include "support/engine_rig.h"

#include <regex>
#include <sstream>

#include "faregate/core/assert.h"
#include "support/describe.h"

namespace faregate::support {

using namespace ledger;
using namespace engine;

EngineOptions EngineRig::default_options() {
    EngineOptions options;
    options.stripe_count = 4;
    options.epoch = Epoch{1};
    return options;
}

EngineRig::EngineRig(EngineOptions options, Lsn last) : log(last), engine(clock, log, options) {}

Execution EngineRig::execute(
    const Command& command, const std::optional<IdempotencyKey>& idempotency_key
) {
    auto execution = engine.execute(command, idempotency_key);
    FG_ASSERT(execution.has_value(), "the engine was unavailable in the middle of a test");
    return *std::move(execution);
}

void EngineRig::create_assets() {
    for (const CreateAsset& command : {support::asset("USD", 2), support::asset("TOK", 0)}) {
        const auto created = engine.create_asset(command, {});
        FG_ASSERT(created && created->receipt.outcome == Outcome::accepted, "an asset is new");
    }
}

void EngineRig::create_wallet(const std::string& wallet, const std::string& usd) {
    execute(support::create_wallet(wallet));
    if (!usd.empty()) execute(grant(wallet, usd));
}

std::string EngineRig::describe(
    const std::vector<WalletId>& wallets, const std::vector<AuthorizationId>& authorizations
) {
    return support::describe(engine, wallets, authorizations);
}

std::string describe(
    Engine& engine, const std::vector<WalletId>& wallets,
    const std::vector<AuthorizationId>& authorizations
) {
    std::ostringstream out;
    for (const WalletId& id : wallets) {
        const auto found = engine.wallet(id);
        FG_ASSERT(found.has_value(), "the engine was unavailable in the middle of a test");
        out << (*found ? support::describe((*found)->value) : id.text() + " does not exist\n");
    }
    for (const AuthorizationId id : authorizations) {
        const auto found = engine.authorization(id);
        FG_ASSERT(found.has_value(), "the engine was unavailable in the middle of a test");
        out << (*found ? support::describe((*found)->value) : id.text() + " is forgotten\n");
    }
    for (const Asset& each : engine.assets().value->all()) out << support::describe(each);
    for (const AssetTotals& total : engine.totals()) {
        out << "total #" << total.asset.value << " posted " << total.posted.to_string(0) << " held "
            << total.held.to_string(0) << " debt " << total.debt.to_string(0) << " ok " << total.ok
            << "\n";
    }
    const EngineStats stats = engine.stats();
    out << stats.wallets << " wallets, " << stats.open_authorizations << " open, "
        << stats.closed_authorizations << " closed\n";
    return out.str();
}

std::string EngineRig::usd(const std::string& wallet) {
    const auto found = engine.wallet(WalletId::trusted(wallet));
    FG_ASSERT(found && *found, "the wallet exists");
    const Account* account = (*found)->value.find_account(AssetIndex{0});
    if (account == nullptr) return "0/0/0";
    return account->posted.to_string(2) + "/" + account->held.to_string(2) + "/" +
           account->available().to_string(2);
}

std::string without_lsns(const std::string& description) {
    static const std::regex lsn(" lsn [0-9]+");
    return std::regex_replace(description, lsn, "");
}

std::vector<RequestedAmount> amounts(const std::string& text) {
    std::vector<RequestedAmount> result;
    std::istringstream in(text);
    for (std::string each; std::getline(in, each, ',');) {
        const std::size_t colon = each.find(':');
        const bool named = colon != std::string::npos;
        const std::string code = named ? each.substr(0, colon) : "USD";
        result.push_back({code, Decimal::parse(named ? each.substr(colon + 1) : each)});
    }
    return result;
}

CreateWallet create_wallet(const std::string& wallet) {
    return CreateWallet{WalletId::trusted(wallet), "", OverCapture::cap, ""};
}

AddGrant grant(const std::string& wallet, const std::string& amount) {
    AddGrant command;
    command.wallet = WalletId::trusted(wallet);
    command.amount = amounts(amount).front();
    return command;
}

Authorize authorize(
    const std::string& wallet, const std::string& amount, std::int64_t ttl_seconds
) {
    Authorize command;
    command.wallet = WalletId::trusted(wallet);
    command.amounts = amounts(amount);
    command.ttl = Duration::seconds(ttl_seconds);
    return command;
}

Capture capture(const Execution& authorized, const std::string& amount) {
    return Capture{authorization_of(authorized), amounts(amount), true};
}

Void give_back(const Execution& authorized) { return Void{authorization_of(authorized)}; }

Debit debit(const std::string& wallet, const std::string& amount) {
    return Debit{WalletId::trusted(wallet), amounts(amount), "", ""};
}

CreateAsset asset(const std::string& code, Scale scale) { return CreateAsset{code, scale, "", ""}; }

AuthorizationId authorization_of(const Execution& execution) {
    return AuthorizationId{execution.receipt.subject};
}

GrantId grant_of(const Execution& execution) { return GrantId{execution.receipt.subject}; }

IdempotencyKey key(const std::string& text, const std::string& request) {
    return IdempotencyKey::make(text, request);
}

Status replay(Engine& engine, const MemoryLog& log) {
    Lsn lsn = log.first();
    for (const std::string& record : log.records()) {
        FG_TRY(engine.replay(lsn, record));
        lsn = lsn.next();
    }
    return engine.finish_recovery();
}

}  // namespace faregate::support
