#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "faregate/core/result.h"
#include "faregate/engine/idempotency.h"
#include "faregate/ledger/decide.h"
#include "faregate/ledger/mutation.h"

namespace faregate::engine {

/// The contents of one journal record: a mutation, and for a request with an idempotency key what
/// its replays answer. The bytes are specified in src/engine/record.proto.
struct Record {
    ledger::Mutation mutation;
    std::optional<IdempotencyKey> key;
    ledger::Receipt receipt;    ///< meaningful if there is a key
    std::string receipt_bytes;  ///< the same as encode_receipt writes it
};

/// Writes a record into `bytes`, replacing what is there. Thread-safe; allocates nothing once its
/// thread has written a record of that size. `receipt` is what encode_receipt wrote; it comes
/// together with `key`, or is empty.
void encode_record(
    const ledger::Mutation& mutation, const IdempotencyKey* key, std::string_view receipt,
    std::string& bytes
);

/// Reads what encode_record wrote. Error `corruption`: says what is wrong with the record.
Result<Record> decode_record(std::string_view bytes);

inline constexpr std::size_t any_assets = ~std::size_t{0};

/// A receipt alone, as the database keeps it with its idempotency key.
std::string encode_receipt(const ledger::Receipt& receipt);
/// One that names an asset at or past `asset_count` is corruption.
Result<ledger::Receipt> decode_receipt(
    std::string_view bytes, const WalletId& wallet, std::size_t asset_count = any_assets
);

}  // namespace faregate::engine
