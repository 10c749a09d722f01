#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "faregate/postgres/store.h"
#include "postgres/asset_table.h"
#include "postgres/error.h"
#include "postgres/partitions.h"
#include "postgres/patience.h"
#include "postgres/pqxx_compat.h"

namespace faregate::postgres {

/// The projection in PostgreSQL: one connection, which is dropped after every failure, so that what
/// an unanswered statement did is never guessed at.
class Store final : public engine::ProjectionStore {
  public:
    Store(std::string database_url, StoreOptions options)
        : database_url_(std::move(database_url)), options_(options) {}

    Result<std::optional<engine::Claim>> current() override;
    Result<engine::Claim> claim(const JournalId& journal, Epoch above, bool replace) override;
    Status load(Duration kept, engine::StateSink& sink) override;
    Result<Lsn> applied_lsn() override;
    Status commit(const engine::ProjectionBatch& batch) override;

  private:
    pqxx::connection& connection();
    engine::Claim take_over(
        pqxx::connection& connection, const JournalId& journal, Epoch above, bool replace
    );
    void advance(pqxx::work& transaction, const engine::ProjectionBatch& batch);
    [[noreturn]] void explain_refusal(
        pqxx::work& transaction, const engine::ProjectionBatch& batch
    );

    /// Runs `body` with the connection, and drops that if it fails or takes too long.
    template <typename Body>
    auto with_connection(std::string_view action, Duration limit, Body&& body) {
        auto result = guarded(action, [&] {
            pqxx::connection& opened = connection();
            const Patience patience(opened.sock(), limit);
            return body(opened);
        });
        if (!result) connection_.reset();
        return result;
    }

    // Constant after construction.
    const std::string database_url_;
    const StoreOptions options_;

    // Of the session, read anew with every connection.
    std::unique_ptr<pqxx::connection> connection_;
    AssetTable assets_;
    Partitions partitions_;

    std::optional<engine::Claim> claim_;
};

}  // namespace faregate::postgres
