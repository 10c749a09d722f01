#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/projection_builder.h"
#include "faregate/ledger/apply.h"
#include "faregate/ledger/expiry.h"
#include "faregate/postgres/queries.h"
#include "faregate/postgres/store.h"
#include "postgres/pqxx_compat.h"
#include "support/postgres_cluster.h"

namespace faregate::postgres::testing {

using Rows = std::vector<std::vector<std::string>>;

/// Runs SQL as an operator would, by hand.
inline Rows run_sql(const std::string& database_url, const std::string& sql) {
    pqxx::connection connection(database_url);
    pqxx::nontransaction session(connection);
    Rows rows;
    for (const auto& row : session.exec(sql)) {
        std::vector<std::string> fields;
        for (const auto& field : row) fields.emplace_back(field.is_null() ? "null" : field.c_str());
        rows.push_back(std::move(fields));
    }
    return rows;
}

inline JournalId journal_id(std::uint8_t number) {
    JournalId id;
    id.bytes.fill(number);
    return id;
}

inline Timestamp time_of(const char* text) { return *parse_rfc3339(text); }

/// A new database with the schema, and a store that owns it.
class PostgresTest : public ::testing::Test {
  protected:
    void SetUp() override {
        spdlog::set_level(spdlog::level::warn);
        url = support::PostgresCluster::instance().create_database();
        const auto applied = migrate(url);
        ASSERT_TRUE(applied.has_value()) << applied.error().message;
        store = make_store(url);
        const auto claimed = store->claim(journal_id(1), Epoch{}, false);
        ASSERT_TRUE(claimed.has_value()) << claimed.error().message;
    }

    void commit(const engine::ProjectionBatch& batch) {
        const Status committed = store->commit(batch);
        ASSERT_TRUE(committed.has_value()) << committed.error().message;
    }

    Rows sql(const std::string& text) { return run_sql(url, text); }

    std::string url;
    std::unique_ptr<engine::ProjectionStore> store;
};

/// A ledger in memory that does what the engine does, one command at a time, and gathers batches.
class World {
  public:
    World() { now = time_of("2026-03-30T12:00:00Z"); }

    Timestamp now;
    ledger::AssetCatalogue assets;
    std::map<std::string, ledger::Wallet> wallets;
    std::map<AuthorizationId, ledger::Authorization> authorizations;

    void create_asset(const std::string& code, Scale scale) {
        ledger::Asset asset;
        asset.index.value = static_cast<std::uint32_t>(assets.size());
        asset.code = code;
        asset.scale = scale;
        asset.name = code + " in full";
        asset.created_at = now;
        ledger::Mutation mutation;
        mutation.at = now;
        mutation.change = ledger::AssetCreated{asset};
        asset.lsn = append(mutation);
        assets.add(asset);
    }

    void create_wallet(
        const std::string& id, ledger::OverCapture policy = ledger::OverCapture::cap
    ) {
        ledger::Mutation mutation;
        mutation.wallet = WalletId::trusted(id);
        mutation.at = now;
        mutation.change = ledger::WalletCreated{"Wallet " + id, policy, R"({"tier":"gold"})"};
        const Lsn lsn = append(mutation);
        wallets[id] = ledger::create_wallet(mutation, lsn);
    }

    ledger::Receipt grant(
        const std::string& wallet, const std::string& asset, const std::string& amount,
        ledger::AddGrant command = {}
    ) {
        command.wallet = WalletId::trusted(wallet);
        command.amount = {asset, Decimal::parse(amount)};
        return execute(wallet, nullptr, command);
    }

    ledger::Receipt authorize(
        const std::string& wallet, const std::vector<std::pair<std::string, std::string>>& amounts
    ) {
        ledger::Authorize command;
        command.wallet = WalletId::trusted(wallet);
        for (const auto& [asset, amount] : amounts) {
            command.amounts.push_back({asset, Decimal::parse(amount)});
        }
        command.description = "prompt";
        command.metadata = R"({"model":"m"})";
        return execute(wallet, nullptr, command);
    }

    /// An empty amount stands for all that is held.
    ledger::Receipt capture(Uid id, const std::string& amount, bool final) {
        ledger::Capture command;
        command.authorization = AuthorizationId{id};
        if (!amount.empty()) command.amounts.push_back({"", Decimal::parse(amount)});
        command.final = final;
        return execute_on(id, command);
    }
    ledger::Receipt release(Uid id) {
        ledger::Void command;
        command.authorization = AuthorizationId{id};
        return execute_on(id, command);
    }
    ledger::Receipt increment(Uid id, const std::string& amount) {
        ledger::Increment command;
        command.authorization = AuthorizationId{id};
        command.amounts.push_back({"", Decimal::parse(amount)});
        return execute_on(id, command);
    }
    ledger::Receipt debit(
        const std::string& wallet, const std::string& asset, const std::string& amount
    ) {
        ledger::Debit command;
        command.wallet = WalletId::trusted(wallet);
        command.amounts.push_back({asset, Decimal::parse(amount)});
        command.description = "debit of " + amount;
        return execute(wallet, nullptr, command);
    }
    ledger::Receipt set_limit(
        const std::string& wallet, const std::string& asset, const std::string& limit
    ) {
        ledger::UpdateWallet command;
        command.wallet = WalletId::trusted(wallet);
        command.overdraft_limits.push_back({asset, Decimal::parse(limit)});
        return execute(wallet, nullptr, command);
    }

    void expire_authorization(Uid id) {
        ledger::Authorization& authorization = authorizations.at(AuthorizationId{id});
        ledger::Wallet& wallet = wallets.at(authorization.wallet.text());
        ledger::Mutation mutation;
        ledger::expire(wallet, authorization, mutation);
        now = std::max(now, mutation.at);
        ledger::apply(wallet, &authorization, mutation, append(mutation));
    }
    void activate_grant(const std::string& wallet_id, Uid id) {
        ledger::Wallet& wallet = wallets.at(wallet_id);
        ledger::Mutation mutation;
        ledger::activate(wallet, *wallet.find_grant(GrantId{id}), mutation);
        now = std::max(now, mutation.at);
        ledger::apply(wallet, nullptr, mutation, append(mutation));
    }
    void expire_grant(const std::string& wallet_id, Uid id) {
        ledger::Wallet& wallet = wallets.at(wallet_id);
        ledger::Mutation mutation;
        ledger::expire(wallet, *wallet.find_grant(GrantId{id}), mutation);
        now = std::max(now, mutation.at);
        ledger::apply(wallet, nullptr, mutation, append(mutation));
    }

    template <typename Command>
    ledger::Receipt execute(
        const std::string& wallet_id, ledger::Authorization* authorization, const Command& command
    ) {
        now = now + Duration::milliseconds(1);
        ledger::Wallet& wallet = wallets.at(wallet_id);
        const Uid next_id = Uid::make(now, wallet.id.hash(), Epoch{1}, ++counter_);
        const ledger::Context context{assets, now, next_id};
        ledger::Decision decision;
        if constexpr (requires { command.authorization; }) {
            decide(context, &wallet, authorization, command, decision);
        } else {
            decide(context, &wallet, command, decision);
        }
        EXPECT_EQ(decision.receipt.outcome, ledger::Outcome::accepted)
            << to_string(decision.receipt.outcome);
        if (!decision.has_mutation) return decision.receipt;
        const Lsn lsn = append(decision.mutation);
        if (std::holds_alternative<ledger::AuthorizationOpened>(decision.mutation.change)) {
            auto opened = ledger::open_authorization(decision.mutation);
            const AuthorizationId id = opened.id;
            authorization = &authorizations.emplace(id, std::move(opened)).first->second;
        }
        ledger::apply(wallet, authorization, decision.mutation, lsn);
        return decision.receipt;
    }

    /// Everything since the last call, as one batch.
    engine::ProjectionBatch take_batch() {
        engine::ProjectionBatch batch = builder_.batch();
        builder_.clear();
        return batch;
    }

    Lsn lsn() const { return lsn_; }

  private:
    template <typename Command>
    ledger::Receipt execute_on(Uid id, const Command& command) {
        ledger::Authorization& authorization = authorizations.at(AuthorizationId{id});
        return execute(authorization.wallet.text(), &authorization, command);
    }

    Lsn append(const ledger::Mutation& mutation) {
        lsn_ = lsn_.next();
        builder_.add(lsn_, engine::Record{mutation, std::nullopt, {}, {}});
        return lsn_;
    }

    Lsn lsn_;
    std::uint32_t counter_ = 0;
    engine::ProjectionBuilder builder_;
};

/// One asset, one wallet with 100 USD.
inline Uid start(World& world) {
    world.create_asset("USD", 9);
    world.create_wallet("acme");
    return world.grant("acme", "USD", "100").subject;
}

}  // namespace faregate::postgres::testing
