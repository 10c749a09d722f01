#include "faregate/postgres/journal_comparison.h"

#include <array>
#include <map>
#include <optional>
#include <variant>

#include "postgres/asset_table.h"
#include "postgres/connection.h"
#include "postgres/error.h"
#include "postgres/row_stream.h"

namespace faregate::postgres {
namespace {

template <typename Kind>
std::string text_of(TypedId<Kind> id) {
    return id.is_nil() ? std::string() : id.text();
}

std::string micros(Timestamp at) {
    return at.is_never() ? std::string() : std::to_string(at.microseconds);
}

template <std::size_t size>
std::string hexadecimal(const std::array<std::uint8_t, size>& bytes) {
    return to_hex(std::string(bytes.begin(), bytes.end()));
}

std::string time_column(const std::string& name) {
    return "coalesce((" + micros_of(name) + ")::text, '')";
}

}  // namespace

class JournalComparison::Impl {
  public:
    Impl(const std::string& database_url, std::uint32_t limit)
        : connection_(connect(database_url, read_only())), transaction_(*connection_) {
        report_.limit = limit;
        transaction_.exec("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ");
        transaction_.exec("SET LOCAL statement_timeout = '1h'; SET LOCAL work_mem = '128MB'");
        const auto owner = transaction_.exec(
            "SELECT journal_id, applied_lsn FROM journals WHERE retired_at IS NULL"
        );
        if (owner.empty()) {
            throw Failure(ErrorCode::not_found, "the database belongs to no journal yet");
        }
        const auto journal = JournalId::parse(owner[0][0].c_str());
        if (!journal) throw Failure(ErrorCode::corruption, "the journal's id is none");
        journal_ = *journal;
        applied_ = Lsn{read_number(owner[0][1].c_str())};
        assets_.read(transaction_);
    }

    void add(Lsn lsn, const engine::Record& record) {
        if (!entries_) open_streams(lsn);
        // What lies in a gap of the journal has nothing to be compared with.
        if (lsn != next_) skip_to(lsn);
        next_ = lsn.next();
        ++report_.records;
        const ledger::Mutation& mutation = record.mutation;
        std::uint64_t sequence = 0;
        for (const ledger::Posting& posting : mutation.postings) {
            entries_->expect(lsn, sequence++, values_of(mutation, posting));
        }
        if (const auto* added = std::get_if<ledger::GrantAdded>(&mutation.change)) {
            grants_->expect(lsn, 0, values_of(mutation, *added));
        } else if (const auto* debit = std::get_if<ledger::DebitPosted>(&mutation.change)) {
            debits_->expect(
                lsn, 0,
                {debit->debit.text(), mutation.wallet.text(), micros(mutation.at),
                 storable(debit->description), storable(debit->metadata)}
            );
        } else if (const auto* created = std::get_if<ledger::WalletCreated>(&mutation.change)) {
            policies_[mutation.wallet.text()] = {
                to_string(ledger::WalletStatus::active), to_string(created->over_capture)};
        } else if (const auto* updated = std::get_if<ledger::WalletUpdated>(&mutation.change)) {
            remember(mutation.wallet.text(), *updated);
        }
        if (record.key) {
            keys_->expect(
                lsn, 0,
                {mutation.wallet.text(), hexadecimal(record.key->digest),
                 hexadecimal(record.key->fingerprint), micros(mutation.at),
                 to_hex(record.receipt_bytes)}
            );
        }
        skip_nothing_up_to(lsn);
    }

    ComparisonReport finish() {
        check_policies();
        check_limits();
        transaction_.commit();
        return {
            std::move(report_.found), report_.found_count, report_.records,
            entries_ ? entries_->count() : 0};
    }

    const JournalId& journal() const noexcept { return journal_; }
    Lsn applied_lsn() const noexcept { return applied_; }

  private:
    struct Policy {
        std::optional<std::string> status;
        std::optional<std::string> over_capture;
    };

    static SessionOptions read_only() {
        SessionOptions options;
        options.read_only = true;
        return options;
    }

    void open_streams(Lsn first) {
        next_ = first;
        const std::string range =
            " BETWEEN " + std::to_string(first.value) + " AND " + std::to_string(applied_.value);
        const auto open = [&](auto& stream, RowStream::Description description) {
            description.range = range;
            stream.emplace(transaction_, report_, std::move(description));
        };
        open(
            entries_, {"entries",
                       "lsn",
                       "sequence",
                       {{"wallet", "wallet"},
                        {"at", time_column("at")},
                        {"asset", "asset"},
                        {"amount", "trim_scale(amount)"},
                        {"source", "source"},
                        {"destination", "destination"},
                        {"grant_id", "coalesce(grant_id, '')"},
                        {"authorization_id", "coalesce(authorization_id, '')"},
                        {"debit_id", "coalesce(debit_id, '')"}}}
        );
        open(
            grants_, {"grants",
                      "created_lsn",
                      "0",
                      {{"id", "id"},
                       {"wallet", "wallet"},
                       {"asset", "asset"},
                       {"amount", "trim_scale(amount)"},
                       {"kind", "kind"},
                       {"priority", "priority"},
                       {"created_at", time_column("created_at")},
                       {"effective_at", time_column("effective_at")},
                       {"expires_at", time_column("expires_at")},
                       {"metadata", "coalesce(metadata, '')"}}}
        );
        open(
            debits_, {"debits",
                      "lsn",
                      "0",
                      {{"id", "id"},
                       {"wallet", "wallet"},
                       {"at", time_column("at")},
                       {"description", "coalesce(description, '')"},
                       {"metadata", "coalesce(metadata, '')"}}}
        );
        RowStream::Description keys{
            "idempotency_keys",
            "lsn",
            "0",
            {{"wallet", "wallet"},
             {"digest", "encode(digest, 'hex')"},
             {"fingerprint", "encode(fingerprint, 'hex')"},
             {"at", time_column("at")},
             {"receipt", "encode(receipt, 'hex')"}}};
        // Old keys are deleted.
        keys.may_be_missing = true;
        open(keys_, std::move(keys));
    }

    void skip_to(Lsn lsn) {
        for (RowStream* stream : streams()) stream->skip_to(lsn);
    }
    /// What is left below the next record came from nowhere.
    void skip_nothing_up_to(Lsn lsn) {
        for (RowStream* stream : streams()) stream->expect_none_up_to(lsn);
    }
    std::array<RowStream*, 4> streams() { return {&*entries_, &*grants_, &*debits_, &*keys_}; }

    std::vector<std::string> values_of(
        const ledger::Mutation& mutation, const ledger::Posting& posting
    ) const {
        const auto* debit = std::get_if<ledger::DebitPosted>(&mutation.change);
        return {
            mutation.wallet.text(),
            micros(mutation.at),
            assets_.code(posting.asset),
            assets_.write(posting.asset, posting.amount),
            to_string(posting.source),
            to_string(posting.destination),
            text_of(posting.grant),
            text_of(mutation.authorization()),
            debit == nullptr ? std::string() : text_of(debit->debit)};
    }

    std::vector<std::string> values_of(
        const ledger::Mutation& mutation, const ledger::GrantAdded& added
    ) const {
        const ledger::Grant& grant = added.grant;
        return {grant.id.text(),           mutation.wallet.text(),
                assets_.code(grant.asset), assets_.write(grant.asset, grant.remaining),
                to_string(grant.kind),     std::to_string(grant.priority),
                micros(mutation.at),       micros(grant.effective_at),
                micros(grant.expires_at),  storable(added.metadata)};
    }

    void remember(const std::string& wallet, const ledger::WalletUpdated& change) {
        if (change.status) policies_[wallet].status = to_string(*change.status);
        if (change.over_capture) policies_[wallet].over_capture = to_string(*change.over_capture);
        for (const ledger::OverdraftLimit& limit : change.overdraft_limits) {
            limits_[{wallet, assets_.code(limit.asset)}] = assets_.write(limit.asset, limit.limit);
        }
    }

    void check_policies() {
        CursorRows rows(transaction_, "policies", "SELECT id, status, over_capture FROM wallets");
        while (!policies_.empty() && rows.next()) {
            const std::string wallet(rows.text(0));
            const auto found = policies_.find(wallet);
            if (found == policies_.end()) continue;
            const Policy& policy = found->second;
            compare("wallets", wallet, "status", rows.text(1), policy.status);
            compare("wallets", wallet, "over_capture", rows.text(2), policy.over_capture);
            policies_.erase(found);
        }
        for (const auto& [wallet, policy] : policies_) {
            report_.add("wallets", wallet, "is missing, and the journal has it");
        }
    }

    void check_limits() {
        CursorRows rows(
            transaction_, "limits",
            "SELECT wallet, asset, trim_scale(overdraft_limit) FROM balances"
        );
        while (!limits_.empty() && rows.next()) {
            const auto found = limits_.find({std::string(rows.text(0)), std::string(rows.text(1))});
            if (found == limits_.end()) continue;
            const std::string key = found->first.first + " " + found->first.second;
            compare("balances", key, "overdraft_limit", rows.text(2), found->second);
            limits_.erase(found);
        }
        for (const auto& [account, limit] : limits_) {
            report_.add(
                "balances", account.first + " " + account.second,
                "is missing, and the journal has it"
            );
        }
    }

    void compare(
        const std::string& table, const std::string& key, const std::string& column,
        std::string_view stored, const std::optional<std::string>& expected
    ) {
        if (!expected || *expected == stored) return;
        report_.add(
            table, key,
            column + " is " + std::string(stored) + ", and " + *expected + " in the journal"
        );
    }

    const std::unique_ptr<pqxx::connection> connection_;
    pqxx::work transaction_;
    JournalId journal_;
    Lsn applied_;
    AssetTable assets_;
    RowReport report_;
    Lsn next_;
    std::optional<RowStream> entries_;
    std::optional<RowStream> grants_;
    std::optional<RowStream> debits_;
    std::optional<RowStream> keys_;
    // The newest that the journal says.
    std::map<std::string, Policy> policies_;
    std::map<std::pair<std::string, std::string>, std::string> limits_;
};

Result<std::unique_ptr<JournalComparison>> JournalComparison::open(
    const std::string& database_url, std::uint32_t limit
) {
    return guarded("read the database", [&] {
        return std::unique_ptr<JournalComparison>(
            new JournalComparison(std::make_unique<Impl>(database_url, limit))
        );
    });
}

JournalComparison::JournalComparison(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
JournalComparison::~JournalComparison() = default;

const JournalId& JournalComparison::journal() const noexcept { return impl_->journal(); }
Lsn JournalComparison::applied_lsn() const noexcept { return impl_->applied_lsn(); }

Status JournalComparison::add(Lsn lsn, const engine::Record& record) {
    return guarded("compare the database with the journal", [&] { impl_->add(lsn, record); });
}

Result<ComparisonReport> JournalComparison::finish() {
    return guarded("compare the database with the journal", [&] { return impl_->finish(); });
}

}  // namespace faregate::postgres
