#pragma once

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
};

/// Executes an operation, or answers it without.
Done perform(Exchange& exchange, const Operation& operation);

/// For `ask_database`: the reply that PostgreSQL's knowledge leads to.
Task<Reply> look_further(Exchange& exchange, const Operation& operation, Reply not_found);

/// Authenticates, executes and waits for one operation.
Task<Reply> run_operation(Exchange& exchange, const Operation& operation);

}  // namespace faregate::http
