// The payloads of journal records, and an engine that replays them on top of some state. Any bytes
// are refused or read; what is read is written again as it was, and can be printed; what does not
// fit the state is corruption, and never ends the process; and what a recovery accepts can be
// served.
//
// The input is a list of records, each with its length before it: 2 bytes, low one first.

#include <google/protobuf/stubs/logging.h>

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "cli/record_json.h"
#include "faregate/core/assert.h"
#include "faregate/engine/record.h"
#include "fuzz/base_state.h"
#include "fuzz/record_list.h"
#include "support/engine_rig.h"

namespace faregate::fuzz {
namespace {

using support::EngineRig;

void check_codec(const std::string& bytes, cli::RecordPrinter& printer) {
    using namespace engine;
    const auto record = decode_record(bytes);
    if (!record) return;
    const IdempotencyKey* key = record->key ? &*record->key : nullptr;
    std::string first;
    encode_record(record->mutation, key, key ? encode_receipt(record->receipt) : "", first);
    const auto again = decode_record(first);
    FG_ASSERT(again.has_value(), "what was written can be read");
    std::string second;
    key = again->key ? &*again->key : nullptr;
    encode_record(again->mutation, key, key ? encode_receipt(again->receipt) : "", second);
    FG_ASSERT(first == second, "a record has one meaning");
    const auto printed = printer.print(Lsn{1}, Epoch{1}, *record);
    const auto line =
        printed.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
    FG_ASSERT(nlohmann::json::accept(line), "a record can be printed");
}

/// An engine with the base state, which came out of a log as after a restart.
struct Restarted {
    Restarted() : rig(options(), base_log().last()) {
        rig.clock.set(support::ManualClock::start + Duration::seconds(2));
        const auto replayed = support::replay(rig.engine, base_log());
        FG_ASSERT(replayed.has_value(), "the base state can be replayed");
    }

    static engine::EngineOptions options() {
        auto options = EngineRig::default_options();
        options.epoch = Epoch{2};
        return options;
    }
    struct Base {
        Base() : state(rig.engine, rig.clock) {}
        EngineRig rig;
        BaseState state;
    };
    static const Base& base() {
        static const Base made;
        return made;
    }
    static const support::MemoryLog& base_log() { return base().rig.log; }

    EngineRig rig;
};

bool adds_up(EngineRig& rig) {
    for (const engine::AssetTotals& total : rig.engine.totals()) {
        if (!total.ok) return false;
    }
    return true;
}

/// Whatever its answer, it is an answer.
void serve(EngineRig& rig, const ledger::Command& command) {
    const auto execution = rig.try_execute(command);
    FG_ASSERT(execution.has_value(), "the log takes everything");
}

void serve_all(EngineRig& rig) {
    using namespace ledger;
    const BaseState& state = Restarted::base().state;
    for (const AuthorizationId id : state.authorizations()) {
        serve(rig, Increment{id, support::amounts("1"), Duration::seconds(60)});
        serve(rig, Capture{id, {}, false});
    }
    for (const WalletId& wallet : state.wallets()) {
        serve(rig, support::authorize(wallet.text(), "1"));
        serve(rig, support::debit(wallet.text(), "0.01"));
        serve(rig, support::grant(wallet.text(), "2"));
    }
    for (const AuthorizationId id : state.authorizations()) serve(rig, Void{id});
    for (const GrantId id : state.grants()) serve(rig, RevokeGrant{id});
    FG_ASSERT(adds_up(rig), "what is served adds up");
    rig.clock.advance(Duration::seconds(1'000'000));
    FG_ASSERT(rig.engine.sweep().has_value(), "the log takes everything");
    FG_ASSERT(adds_up(rig), "what time did adds up");
}

void check_replay(const RecordList& records) {
    Restarted restarted;
    Lsn lsn = Restarted::base_log().last();
    for (const std::string& bytes : records) {
        lsn = lsn.next();
        const Status replayed = restarted.rig.engine.replay(lsn, bytes);
        if (replayed) continue;
        FG_ASSERT(replayed.error().code == ErrorCode::corruption, "what does not fit is corrupt");
        return;
    }
    const Status finished = restarted.rig.engine.finish_recovery();
    if (!finished) {
        FG_ASSERT(finished.error().code == ErrorCode::corruption, "what does not fit is corrupt");
        return;
    }
    FG_ASSERT(adds_up(restarted.rig), "what a recovery accepts adds up");
    // New records follow the replayed ones.
    EngineRig& rig = restarted.rig;
    while (rig.log.last() < lsn) FG_ASSERT(rig.log.append("").has_value(), "the log takes it");
    serve_all(rig);
}

}  // namespace
}  // namespace faregate::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace faregate::fuzz;
    // The library's own complaints about every other input.
    google::protobuf::SetLogHandler(nullptr);
    const RecordList records = read_records({reinterpret_cast<const char*>(data), size});
    faregate::cli::RecordPrinter printer;
    for (const std::string& bytes : records) check_codec(bytes, printer);
    check_replay(records);
    return 0;
}
