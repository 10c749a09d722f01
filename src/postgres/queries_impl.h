#pragma once

#include <string>
#include <string_view>

#include "faregate/postgres/queries.h"
#include "postgres/error.h"
#include "postgres/patience.h"
#include "postgres/pool.h"

namespace faregate::postgres {

class Queries::Impl {
  public:
    Impl(std::string database_url, std::size_t connections_max)
        : pool_(std::move(database_url), connections_max, options()) {}

    /// Runs `body` in a read-only transaction of type `Transaction`; once more on a new connection
    /// if a pooled one turns out to have been closed by the server.
    template <typename Transaction, typename Body>
    auto read(std::string_view action, Body&& body, Duration patience = answer_timeout) {
        bool reused = false;
        auto result = attempt<Transaction>(action, body, reused, patience);
        if (result || !reused || result.error().code != ErrorCode::unavailable) return result;
        pool_.drop_idle();
        return attempt<Transaction>(action, body, reused, patience);
    }

    /// One statement.
    template <typename Body>
    auto read_once(std::string_view action, Body&& body) {
        return read<pqxx::nontransaction>(action, body);
    }

    /// Several statements that see the same snapshot.
    template <typename Body>
    auto read_snapshot(std::string_view action, Body&& body, Duration patience = answer_timeout) {
        const auto in_snapshot = [&](pqxx::transaction_base& transaction) {
            transaction.exec("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ");
            return body(transaction);
        };
        return read<pqxx::work>(action, in_snapshot, patience);
    }

  private:
    static constexpr auto statement_timeout = Duration::seconds(10);
    /// For all statements of a call.
    static constexpr auto answer_timeout = Duration::seconds(30);

    static SessionOptions options() {
        SessionOptions options;
        options.statement_timeout = statement_timeout;
        options.read_only = true;
        return options;
    }

    template <typename Transaction, typename Body>
    auto attempt(std::string_view action, Body& body, bool& reused, Duration limit) {
        return guarded(action, [&] {
            Pool::Lease lease = pool_.acquire();
            // A timeout on a connection that still answers is not the connection's fault.
            reused = lease.reused();
            const Patience patience(lease.connection().sock(), limit);
            auto value = [&] {
                Transaction transaction(lease.connection());
                return run(transaction, lease, body, reused);
            }();
            lease.release();
            return value;
        });
    }

    template <typename Transaction, typename Body>
    auto run(Transaction& transaction, Pool::Lease& lease, Body& body, bool& reused) {
        try {
            auto value = body(transaction);
            transaction.commit();
            return value;
        } catch (...) {
            reused = reused && !lease.connection().is_open();
            throw;
        }
    }

    Pool pool_;
};

}  // namespace faregate::postgres
