#include <gtest/gtest.h>

#include <set>
#include <string>

#include "faregate/ledger/asset.h"
#include "faregate/ledger/authorization.h"
#include "faregate/ledger/mutation.h"

namespace faregate::ledger {
namespace {

/// Every value of an enum has a name of its own, which comes back.
template <typename Enum, typename Parse>
void expect_names(Enum last, Parse parse) {
    std::set<std::string> names;
    for (int i = 0; i <= static_cast<int>(last); ++i) {
        const std::string name = to_string(static_cast<Enum>(i));
        EXPECT_TRUE(names.insert(name).second) << name;
        EXPECT_EQ(parse(name), static_cast<Enum>(i)) << name;
    }
    EXPECT_EQ(parse("unknown"), std::nullopt);
    EXPECT_EQ(parse(""), std::nullopt);
    EXPECT_STREQ(to_string(static_cast<Enum>(200)), "unknown");
}

TEST(Names, ComeBackForEveryEnum) {
    expect_names(GrantKind::recurring, parse_grant_kind);
    expect_names(GrantStatus::revoked, parse_grant_status);
    expect_names(WalletStatus::frozen, parse_wallet_status);
    expect_names(OverCapture::debt, parse_over_capture);
    expect_names(AuthorizationStatus::expired, parse_authorization_status);
    expect_names(Side::debt, parse_side);
}

TEST(Names, OfChangesFollowTheVariant) {
    EXPECT_STREQ(kind_of(Declined{}), "declined");
    EXPECT_STREQ(kind_of(AssetCreated{}), "asset_created");
    EXPECT_STREQ(kind_of(WalletCreated{}), "wallet_created");
    EXPECT_STREQ(kind_of(WalletUpdated{}), "wallet_updated");
    EXPECT_STREQ(kind_of(GrantAdded{}), "grant_added");
    EXPECT_STREQ(kind_of(GrantChanged{}), "grant_changed");
    EXPECT_STREQ(kind_of(AuthorizationOpened{}), "authorization_opened");
    EXPECT_STREQ(kind_of(AuthorizationChanged{}), "authorization_changed");
    EXPECT_STREQ(kind_of(DebitPosted{}), "debit_posted");
}

TEST(AssetCode, TakesItsAlphabetAndNothingElse) {
    EXPECT_TRUE(is_asset_code("USD"));
    EXPECT_TRUE(is_asset_code("gpt-4o.tokens:in_1"));
    EXPECT_TRUE(is_asset_code(std::string(64, 'x')));
    EXPECT_FALSE(is_asset_code(std::string(65, 'x')));
    EXPECT_FALSE(is_asset_code(""));
    for (const char* code :
         {"a b", "a@b", "a/b", "a\n", "€", "a,b", "a\"b", "a[b", "a~b", "a`b", "a;b"}) {
        EXPECT_FALSE(is_asset_code(code)) << code;
    }
    EXPECT_FALSE(is_asset_code(std::string_view("a\0", 2)));
}

TEST(AssetCatalogue, FindsByCodeAndByIndex) {
    AssetCatalogue catalogue;
    EXPECT_EQ(catalogue.find("USD"), nullptr);
    for (std::uint32_t i = 0; i < 50; ++i) {
        Asset asset;
        asset.index.value = i;
        asset.code = "A" + std::to_string(i);
        catalogue.add(asset);
    }
    EXPECT_EQ(catalogue.size(), 50U);
    for (std::uint32_t i = 0; i < 50; ++i) {
        EXPECT_EQ(catalogue.find("A" + std::to_string(i))->index.value, i);
        EXPECT_EQ(catalogue.at(AssetIndex{i}).code, "A" + std::to_string(i));
    }
    EXPECT_EQ(catalogue.find("a1"), nullptr);
}

}  // namespace
}  // namespace faregate::ledger
