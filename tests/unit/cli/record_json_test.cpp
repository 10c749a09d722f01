#include "cli/record_json.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace faregate::cli {
namespace {

Timestamp at() { return Timestamp{1'700'000'000'000'000}; }

engine::Record asset_created() {
    ledger::Asset asset;
    asset.code = "USD";
    asset.scale = 9;
    engine::Record record;
    record.mutation.at = at();
    record.mutation.change = ledger::AssetCreated{asset};
    return record;
}

engine::Record opened() {
    engine::Record record;
    record.mutation.wallet = WalletId::trusted("acme");
    record.mutation.at = at();
    record.mutation.change = ledger::AuthorizationOpened{
        AuthorizationId{Uid{1, 2}}, at() + Duration::seconds(300), "gpt-4o", R"({"user":"u1"})"};
    record.mutation.postings = {
        {ledger::AssetIndex{0}, ledger::Side::available, ledger::Side::held, GrantId{Uid{3, 4}},
         Amount::from_units(1'500'000'000)}};
    return record;
}

// Printing a JSON text that is nested deeper than the stack has room for ended the program.
TEST(RecordPrinter, PrintsMetadataThatIsNestedTooDeepAsText) {
    RecordPrinter printer;
    printer.print(Lsn{1}, Epoch{1}, asset_created());
    engine::Record record = opened();
    constexpr std::size_t depth = 1'000'000;
    const std::string deep = "{\"a\":" + std::string(depth, '[') + std::string(depth, ']') + "}";
    std::get<ledger::AuthorizationOpened>(record.mutation.change).metadata = deep;
    const auto json = printer.print(Lsn{2}, Epoch{1}, record);
    EXPECT_EQ(json["metadata"], deep);
    EXPECT_GT(json.dump().size(), deep.size());
}

TEST(RecordPrinter, UsesTheWordsOfTheApi) {
    RecordPrinter printer;
    const auto asset = printer.print(Lsn{1}, Epoch{1}, asset_created());
    EXPECT_EQ(asset["change"], "asset_created");
    EXPECT_EQ(asset["asset"], "USD");

    const auto json = printer.print(Lsn{2}, Epoch{1}, opened());
    EXPECT_EQ(json["lsn"], 2);
    EXPECT_EQ(json["at"], "2023-11-14T22:13:20.000000Z");
    EXPECT_EQ(json["change"], "authorization_opened");
    EXPECT_EQ(json["wallet"], "acme");
    EXPECT_EQ(json["authorization"], (AuthorizationId{Uid{1, 2}}.text()));
    EXPECT_EQ(json["metadata"]["user"], "u1");
    const auto& posting = json["postings"][0];
    EXPECT_EQ(posting["source"], "available");
    EXPECT_EQ(posting["destination"], "held");
    EXPECT_EQ(posting["asset"], "USD");
    EXPECT_EQ(posting["amount"], "1.5");
    EXPECT_EQ(posting["grant"], (GrantId{Uid{3, 4}}.text()));
}

TEST(RecordPrinter, AnAssetOfARemovedFileIsShownInUnits) {
    RecordPrinter printer;
    const auto json = printer.print(Lsn{2}, Epoch{1}, opened());
    EXPECT_EQ(json["postings"][0]["asset_index"], 0);
    EXPECT_EQ(json["postings"][0]["units"], "1500000000");
    EXPECT_FALSE(json["postings"][0].contains("amount"));
}

TEST(RecordPrinter, AnAssetThatComesTwiceOrOutOfOrderIsHarmless) {
    RecordPrinter printer;
    printer.print(Lsn{1}, Epoch{1}, asset_created());
    printer.print(Lsn{1}, Epoch{1}, asset_created());
    auto late = asset_created();
    std::get<ledger::AssetCreated>(late.mutation.change).asset.index.value = 9;
    EXPECT_EQ(printer.print(Lsn{9}, Epoch{1}, late)["asset_index"], 9);
}

TEST(RecordPrinter, ADeclineShowsItsKeyAndOutcome) {
    engine::Record record;
    record.mutation.wallet = WalletId::trusted("acme");
    record.mutation.at = at();
    record.key = engine::IdempotencyKey::make("k", "body");
    record.receipt.outcome = ledger::Outcome::insufficient_funds;
    const auto json = RecordPrinter().print(Lsn{3}, Epoch{1}, record);
    EXPECT_EQ(json["change"], "declined");
    EXPECT_EQ(json["idempotency"]["outcome"], "insufficient_funds");
    EXPECT_EQ(json["idempotency"]["digest"].get<std::string>().size(), 32U);
}

}  // namespace
}  // namespace faregate::cli
