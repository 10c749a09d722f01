#include "postgres/page_cursor.h"

#include <gtest/gtest.h>

#include "faregate/core/id.h"

namespace faregate::postgres {
namespace {

TEST(PageCursor, IsReadAsItWasWritten) {
    const std::string grant = GrantId{Uid{1, 2}}.text();
    const auto wallets = read_wallet_cursor(write_cursor("wallets", {"acme"}));
    ASSERT_TRUE(wallets && wallets->size() == 1);
    EXPECT_EQ(wallets->front(), "acme");
    const auto grants = read_grant_cursor(write_cursor("grants", {grant}));
    ASSERT_TRUE(grants && grants->size() == 1);
    EXPECT_EQ(grants->front(), grant);
}

TEST(PageCursor, AnEmptyOneIsTheBeginning) {
    EXPECT_TRUE(read_wallet_cursor("") && read_wallet_cursor("")->empty());
    EXPECT_TRUE(read_grant_cursor("") && read_grant_cursor("")->empty());
}

// Whatever followed the kind was handed to PostgreSQL, which refuses text that is not UTF-8: a
// client could make the server answer 500 and log a failure of its own.
TEST(PageCursor, WhatIsNoIdIsRefused) {
    const std::string nul("a\0b", 3);
    for (const std::string& part : {std::string("\xff"), std::string("\xc3("), nul}) {
        EXPECT_FALSE(read_wallet_cursor(write_cursor("wallets", {part})));
        EXPECT_FALSE(read_grant_cursor(write_cursor("grants", {part})));
    }
}

}  // namespace
}  // namespace faregate::postgres
