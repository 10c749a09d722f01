#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <variant>

#include "faregate/engine/engine.h"
#include "faregate/ledger/command.h"
#include "faregate/postgres/keys.h"
#include "http/object_reader.h"
#include "http/reply.h"

namespace faregate::http {

struct OperationType;

/// A command as a caller asked for it, in a call of its own or as one line of a batch.
struct Operation {
    const OperationType* type = nullptr;
    std::string target;  ///< the id that the command is about, as the caller wrote it
    std::variant<ledger::Command, ledger::CreateAsset> command;
    std::optional<engine::IdempotencyKey> key;
    /// An id that nothing can have; the command is left empty. Answered where the ledger would
    /// have answered: after authentication.
    std::optional<ledger::Outcome> impossible;

    template <typename C>
    const C& as() const {
        return std::get<C>(std::get<ledger::Command>(command));
    }
    bool is_dry_run() const noexcept;
};

/// One kind of command: how it is read and how it is answered. The same for a call and for a line
/// of a batch, so that both are one thing.
struct OperationType {
    std::string_view name;           ///< the `op` of a batch
    std::string_view target_member;  ///< of a batch's operation; empty if the body has it anyway
    postgres::Scope scope = postgres::Scope::admin;
    int status = 200;  ///< when accepted
    void (*read
    )(Operation& operation, const RequestBody& body, std::optional<Problem>& fault) = nullptr;
    /// Writes the answer to an accepted command. A function of its arguments alone, so that a
    /// replay has the same bytes as the first answer.
    void (*render
    )(const Operation& operation, const engine::Execution& done, JsonWriter& json) = nullptr;
};

/// Reads an operation. `key` is the idempotency key, if there is one; it must have passed
/// is_idempotency_key.
tl::expected<Operation, Problem> read_operation(
    const OperationType& type, std::string_view target, const RequestBody& body,
    const std::optional<std::string>& key
);

/// 1 to 255 visible ASCII characters.
bool is_idempotency_key(std::string_view text) noexcept;

/// Text that is the same for two requests exactly if they ask for the same.
std::string canonical_request(
    const OperationType& type, std::string_view target, const RequestBody& body
);

/// Executes on the engine. Error `unavailable`: nothing was executed.
Result<engine::Execution> execute(engine::Engine& engine, const Operation& operation);

/// The reply to an execution: accepted, declined or dry.
Reply answer(const Operation& operation, const engine::Execution& done);
/// The reply to Operation::impossible.
Reply answer_impossible(const Operation& operation);

}  // namespace faregate::http
