#pragma once

#include <optional>
#include <vector>

#include "http/exchange.h"
#include "http/operation.h"

namespace faregate::http {

/// What became of an operation.
struct Done {
    Reply reply;
    Lsn lsn;                ///< the reply may be sent once this is durable
    bool executed = false;  ///< the ledger was changed
    /// The engine does not know the authorization or grant; PostgreSQL may know how it ended.
    bool ask_database = false;
    /// The answer of an earlier request that only PostgreSQL has; there is no reply yet.
    std::optional<engine::Execution> recalled;
};

/// Executes an operation, or answers it without.
Done perform(Exchange& exchange, const Operation& operation);

/// For `ask_database`: the reply that PostgreSQL's knowledge leads to.
Task<Reply> look_further(Exchange& exchange, const Operation& operation, Reply not_found);

struct Recall {
    const Operation* operation = nullptr;
    Done* done = nullptr;
};
/// For `recalled`: fetches all those answers at once, and makes the replies.
Task<void> recall_answers(Exchange& exchange, std::vector<Recall> recalls);

/// Authenticates, executes and waits for one operation.
Task<Reply> run_operation(Exchange& exchange, const Operation& operation);

}  // namespace faregate::http
