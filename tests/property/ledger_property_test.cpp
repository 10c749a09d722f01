#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "faregate/engine/record.h"
#include "faregate/ledger/apply.h"
#include "property/model_runner.h"
#include "support/describe.h"

namespace faregate::support {
namespace {

using namespace ledger;

rc::Gen<std::vector<RawCommand>> commands() {
    const auto number = rc::gen::resize(rc::kNominalSize, rc::gen::inRange(0, 30'030));
    return rc::gen::scale(
        3, rc::gen::container<std::vector<RawCommand>>(rc::gen::container<RawCommand>(number))
    );
}

/// Fails the property with the commands that led there.
void require(const ModelRunner& runner, const std::string& wrong) {
    if (!wrong.empty()) RC_FAIL(runner.transcript() + "-> " + wrong);
}

RC_GTEST_PROP(LedgerProperty, AgreesWithANaiveModelOnEveryOutcomeAndBalance, ()) {
    const auto raw = *commands();
    ModelRunner runner;
    for (const RawCommand& command : raw) require(runner, runner.run(command));
}

/// Applies recorded mutations to an empty state.
struct Replica {
    Wallet wallet;
    std::map<AuthorizationId, Authorization> authorizations;

    void apply_record(Lsn lsn, const std::string& bytes) {
        const auto record = engine::decode_record(bytes);
        RC_ASSERT(record.has_value());
        const Mutation& mutation = record->mutation;
        if (std::holds_alternative<WalletCreated>(mutation.change)) {
            wallet = create_wallet(mutation, lsn);
            return;
        }
        const AuthorizationId id = mutation.authorization();
        if (std::holds_alternative<AuthorizationOpened>(mutation.change)) {
            authorizations.emplace(id, open_authorization(mutation));
        }
        apply(wallet, id.is_nil() ? nullptr : &authorizations.at(id), mutation, lsn);
    }
};

RC_GTEST_PROP(LedgerProperty, RecordsReplayedGiveTheIdenticalState, ()) {
    const auto raw = *commands();
    ModelRunner runner;
    for (const RawCommand& command : raw) require(runner, runner.run(command));

    Replica replica;
    std::string bytes;
    for (const LedgerDriver::Step& step : runner.driver().steps()) {
        engine::encode_record(step.mutation, nullptr, "", bytes);
        RC_ASSERT(describe(engine::decode_record(bytes)->mutation) == describe(step.mutation));
        replica.apply_record(step.lsn, bytes);
    }
    RC_ASSERT(describe(replica.wallet) == describe(*runner.driver().wallet()));
    RC_ASSERT(replica.authorizations.size() == runner.driver().authorizations().size());
    for (const auto& [id, authorization] : runner.driver().authorizations()) {
        RC_ASSERT(describe(replica.authorizations.at(id)) == describe(authorization));
    }
}

}  // namespace
}  // namespace faregate::support
