#include "engine/recall.h"

#include <string>
#include <utility>

#include "faregate/engine/record.h"

namespace faregate::engine {

using ledger::Outcome;

Result<Execution> recall(const IdempotencyTable::Found& found, AssetCataloguePtr assets) {
    const WalletId wallet = found.wallet == nullptr ? WalletId{} : found.wallet->id;
    Execution execution;
    execution.assets = std::move(assets);
    execution.lsn = found.lsn;
    if (!found.same_request) {
        execution.receipt.outcome = Outcome::idempotency_key_reused;
        execution.receipt.wallet = wallet;
        return execution;
    }
    execution.replayed = true;
    execution.answer_elsewhere = found.answer == nullptr;
    if (execution.answer_elsewhere) return execution;
    const std::size_t count = execution.assets->size();
    FG_TRY_ASSIGN(execution.receipt, decode_receipt(*found.answer, wallet, count));
    return execution;
}

Status recall_answer(Execution& execution, const IdempotencyKey& key, const IdempotencyRow& row) {
    const bool same = row.lsn == execution.lsn && row.key.digest == key.digest &&
                      row.key.fingerprint == key.fingerprint;
    if (!same) {
        return failure(
            ErrorCode::corruption,
            "the answer at LSN " + std::to_string(execution.lsn.value) + " is another request's"
        );
    }
    const std::size_t count = execution.assets->size();
    FG_TRY_ASSIGN(execution.receipt, decode_receipt(row.receipt, row.wallet, count));
    execution.answer_elsewhere = false;
    return {};
}

}  // namespace faregate::engine
