#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "faregate/core/id.h"
#include "faregate/core/result.h"
#include "faregate/core/time.h"
#include "faregate/engine/idempotency.h"
#include "faregate/engine/projection.h"
#include "faregate/ledger/command.h"
#include "faregate/ledger/decide.h"

namespace faregate::engine {

using AssetCataloguePtr = std::shared_ptr<const ledger::AssetCatalogue>;

/// Where the engine puts its records. `append` is called under a stripe's lock: it gives the record
/// the next LSN and returns at once, or refuses with `unavailable` and has done nothing.
class MutationLog {
  public:
    virtual ~MutationLog() = default;
    virtual Result<Lsn> append(std::string_view record) = 0;
    /// Up to here the database has had the records: it may have fallen back since. Rises only.
    virtual Lsn applied_lsn() const = 0;
};

/// The answer to a command.
struct Execution {
    ledger::Receipt receipt;
    /// The answer depends on everything up to here: it may be sent once this LSN is durable. For an
    /// accepted command it is the LSN of its mutation.
    Lsn lsn;
    bool replayed = false;  ///< the answer of an earlier request with the same idempotency key
    /// That answer has left memory: `receipt` is empty, and the database has it under `lsn`. See
    /// recall_answer.
    bool answer_elsewhere = false;
    AssetCataloguePtr assets;  ///< knows every asset that the receipt names
};

/// Completes an execution whose answer is elsewhere with what the database keeps under its LSN.
/// Error `corruption`: the row is not that of `key`, or its receipt cannot be read.
Status recall_answer(Execution& execution, const IdempotencyKey& key, const IdempotencyRow& row);

/// A copy of something, and the LSN that must be durable before anybody may see it.
template <typename T>
struct View {
    T value;
    Lsn lsn;
    AssetCataloguePtr assets;
};

struct EngineOptions {
    std::uint32_t stripe_count = 256;  ///< a power of two from 2 to 65,536
    /// How long idempotency keys are kept, and closed authorizations for late captures.
    Duration retention = Duration::seconds(86'400);
    Epoch epoch;  ///< goes into new ids
    /// Memory for the answers that the database has too, so that a request which is repeated soon
    /// gets its answer without a question to PostgreSQL, and while PostgreSQL is away.
    std::size_t answers_bytes_max = 8 * 1024 * 1024;
};

struct EngineStats {
    std::uint64_t wallets = 0;
    std::uint64_t open_authorizations = 0;
    std::uint64_t closed_authorizations = 0;
    std::uint64_t idempotency_keys = 0;
    std::uint64_t stripe_acquisitions = 0;
    std::uint64_t stripe_contentions = 0;  ///< acquisitions that had to wait
};

/// What one asset adds up to over all wallets, for the audit. `ok` is false if an account
/// contradicts its grants or its holds.
struct AssetTotals {
    ledger::AssetIndex asset;
    Amount posted;
    Amount held;
    Amount debt;
    bool ok = true;
};

/// The concurrent and durable ledger: finds the wallet's stripe, locks it, lets everything that is
/// due happen, decides, appends the mutation to the log and applies it, all under that lock; so the
/// order of LSNs is the order of effects for every wallet.
///
/// Thread-safe after recovery is over (see `loader`). Never blocks on I/O. Stamps every command
/// with max(clock, last stamp).
class Engine {
  public:
    /// `clock` and `log` must outlive the engine.
    Engine(const Clock& clock, MutationLog& log, EngineOptions options);
    ~Engine();

    /// Executes a command once per idempotency key. Error `unavailable`: nothing was executed.
    Result<Execution> execute(
        const ledger::Command& command, const std::optional<IdempotencyKey>& key
    );
    Result<Execution> create_asset(
        const ledger::CreateAsset& command, const std::optional<IdempotencyKey>& key
    );

    /// Reads. Due expiries happen first, so a read may append, and fail with `unavailable`.
    Result<std::optional<View<ledger::Wallet>>> wallet(const WalletId& id);
    /// Finds open authorizations, and closed ones for the time of retention.
    Result<std::optional<View<ledger::Authorization>>> authorization(AuthorizationId id);
    /// The assets, and the LSN of the newest.
    View<AssetCataloguePtr> assets() const;

    /// Lets everything happen that is due in all stripes; called every now and then so that idle
    /// wallets expire too. Returns how many mutations that were.
    Result<std::uint64_t> sweep();

    /// Everything before the first command: load a stored state into `loader()`, then `replay` the
    /// records after it in the order of their LSNs, then `finish_recovery`. Single-threaded. Error
    /// `corruption`: what was loaded contradicts itself, or a record cannot be read or does not fit
    /// the state. Money must not be served then.
    StateSink& loader();
    Status replay(Lsn lsn, std::string_view record);
    Status finish_recovery();

    EngineStats stats() const;
    /// Recomputes every account from its grants and open holds; locks one stripe at a time.
    std::vector<AssetTotals> totals() const;
    /// The time stamp that a command would get now.
    Timestamp now();

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace faregate::engine
