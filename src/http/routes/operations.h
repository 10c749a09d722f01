#pragma once

#include <optional>
#include <string>

#include "http/operation.h"

namespace faregate::http {

// Every command of the API; each is defined in the file of its route.
extern const OperationType create_asset_operation;
extern const OperationType create_wallet_operation;
extern const OperationType update_wallet_operation;
extern const OperationType grant_operation;
extern const OperationType revoke_grant_operation;
extern const OperationType authorize_operation;
extern const OperationType capture_operation;
extern const OperationType void_operation;
extern const OperationType increment_operation;
extern const OperationType debit_operation;

inline constexpr std::size_t name_characters_max = 256;
inline constexpr std::size_t description_characters_max = 1024;

/// Gives a wallet that is to be created without an id one that follows from the key, so that a
/// retry means the same wallet, or a random one without a key. Does nothing to other operations.
void name_wallet(Operation& operation, const std::optional<std::string>& key);

/// Answers a dry run that came to a decision; false if it failed in another way.
bool answer_dry_run(const engine::Execution& done, Reply& reply);

/// Reads Operation::target as an id of an authorization; sets `impossible` if it is none.
std::optional<AuthorizationId> target_authorization(Operation& operation);
/// The same for `text` as a wallet's id, which becomes the target.
std::optional<WalletId> target_wallet(Operation& operation, std::string text);

/// What capture, void and increment answer with; `name` holds what this command did.
void begin_authorization(JsonWriter& json, const engine::Execution& done);
void end_authorization(JsonWriter& json, const engine::Execution& done);

}  // namespace faregate::http
