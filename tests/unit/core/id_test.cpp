#include "faregate/core/id.h"

#include <gtest/gtest.h>

#include <limits>
#include <set>

namespace faregate {
namespace {

TEST(HashWallet, NeverChanges) {
    // Part of ids and of the database. If this test fails, the code is wrong, not the numbers.
    EXPECT_EQ(hash_wallet(""), 0xefd01f60U);
    EXPECT_EQ(hash_wallet("acme"), 0x3a25b665U);
    EXPECT_EQ(hash_wallet("user_123"), 0xe7101c1dU);
    EXPECT_EQ(hash_wallet("a"), 0x82a2a958U);
    EXPECT_EQ(hash_wallet("wallet-000001"), 0x4cd3cd61U);
    EXPECT_EQ(hash_wallet(std::string(128, 'z')), 0x7bb20796U);
    EXPECT_EQ(hash_wallet("\xc3\xa4"), 0xd496e8b7U);  // Bytes above 127 count as unsigned.
}

TEST(HashWallet, SpreadsItsUpperBits) {
    std::set<WalletHash> stripes;
    for (int i = 0; i < 10'000; ++i) {
        stripes.insert(hash_wallet("user_" + std::to_string(i)) >> 24);
    }
    EXPECT_EQ(stripes.size(), 256U);
}

TEST(WalletId, TakesItsAlphabetAndNothingElse) {
    EXPECT_EQ(WalletId::parse("aZ0._:@-")->text(), "aZ0._:@-");
    EXPECT_TRUE(WalletId::parse("x").has_value());
    EXPECT_TRUE(WalletId::parse(std::string(128, 'x')).has_value());
    EXPECT_FALSE(WalletId::parse(std::string(129, 'x')).has_value());
    EXPECT_FALSE(WalletId::parse("").has_value());
    constexpr std::string_view allowed =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:@-";
    for (int c = 0; c < 256; ++c) {
        const char letter = static_cast<char>(c);
        const bool expected = allowed.find(letter) != std::string_view::npos;
        EXPECT_EQ(WalletId::parse(std::string("a") + letter).has_value(), expected) << c;
    }
}

TEST(Uid, KeepsItsPartsWhereTheyAreDocumented) {
    const Timestamp at{std::int64_t{0x123456789abc} * 1000 + 999};
    const Uid uid = Uid::make(at, 0xdeadbeef, Epoch{0x70001}, 0xfedcba98);
    EXPECT_EQ(uid.high, 0x123456789abcdeadU);
    EXPECT_EQ(uid.low, 0xbeef0001fedcba98U);
    EXPECT_EQ(uid.wallet_hash(), 0xdeadbeefU);
}

TEST(Uid, CarriesEveryWalletHash) {
    for (const WalletHash hash : {0U, 1U, 0xffffU, 0x10000U, 0x7fffffffU, 0x80000000U, ~0U}) {
        EXPECT_EQ(Uid::make(Timestamp{1}, hash, Epoch{~0ULL}, ~0U).wallet_hash(), hash);
        EXPECT_EQ(Uid::make(Timestamp{1}, hash, Epoch{}, 0).wallet_hash(), hash);
    }
}

TEST(Uid, IsOrderedByTimeInBinaryAndInText) {
    Uid before = Uid::make(Timestamp{0}, ~0U, Epoch{~0ULL}, ~0U);
    for (std::int64_t milliseconds = 1; milliseconds < (std::int64_t{1} << 47);
         milliseconds = milliseconds * 3 + 1) {
        const Uid uid = Uid::make(Timestamp{milliseconds * 1000}, 0, Epoch{}, 0);
        EXPECT_LT(before, uid);
        EXPECT_LT(to_base32(before), to_base32(uid));
        before = Uid::make(Timestamp{milliseconds * 1000 + 999}, ~0U, Epoch{~0ULL}, ~0U);
        EXPECT_EQ(before.high >> 16, uid.high >> 16);
    }
}

TEST(Uid, BytesAreBigEndianAndComeBack) {
    const Uid uid{0x0102030405060708, 0x090a0b0c0d0e0f10};
    const auto bytes = uid.bytes();
    for (std::size_t i = 0; i < bytes.size(); ++i) EXPECT_EQ(bytes[i], i + 1);
    const std::string text(bytes.begin(), bytes.end());
    EXPECT_EQ(Uid::from_bytes(text), uid);
    EXPECT_FALSE(Uid::from_bytes(text.substr(1)).has_value());
    EXPECT_FALSE(Uid::from_bytes(text + "x").has_value());
    const std::string high(16, '\xff');
    EXPECT_EQ(Uid::from_bytes(high), (Uid{~0ULL, ~0ULL}));
}

TEST(Base32, ComesBackTheSame) {
    for (int shift = 0; shift < 64; ++shift) {
        for (const Uid uid :
             {Uid{1ULL << shift, 0}, Uid{0, 1ULL << shift}, Uid{~0ULL >> shift, ~0ULL}}) {
            const std::string text = to_base32(uid);
            EXPECT_EQ(text.size(), 26U);
            EXPECT_EQ(parse_base32(text), uid) << text;
        }
    }
    EXPECT_EQ(to_base32(Uid{}), std::string(26, '0'));
    EXPECT_EQ(to_base32(Uid{~0ULL, ~0ULL}), "7" + std::string(25, 'z'));
}

TEST(Base32, ReadsExactlyWhatItWrites) {
    const std::string good = to_base32(Uid{0x0123456789abcdef, 0xfedcba9876543210});
    for (const std::string& text :
         {std::string(), good.substr(1), good + "0", "8" + good.substr(1), "z" + good.substr(1),
          "-" + good.substr(1), "\xff" + good.substr(1)}) {
        EXPECT_FALSE(parse_base32(text).has_value()) << text;
    }
    for (const char bad : {'i', 'l', 'o', 'u', 'A', 'Z', 'O', ' ', '\0', '-', '\x80'}) {
        std::string text = good;
        text[13] = bad;
        EXPECT_FALSE(parse_base32(text).has_value()) << static_cast<int>(bad);
    }
}

TEST(TypedId, KindsAreNotMistakenForEachOther) {
    const Uid uid = Uid::make(Timestamp{1'700'000'000'000'000}, 7, Epoch{3}, 9);
    const AuthorizationId authorization{uid};
    EXPECT_EQ(authorization.text(), "auth_" + to_base32(uid));
    EXPECT_EQ(AuthorizationId::parse(authorization.text()), authorization);
    EXPECT_EQ(GrantId::parse(GrantId{uid}.text()), GrantId{uid});
    EXPECT_EQ(DebitId::parse(DebitId{uid}.text()), DebitId{uid});
    EXPECT_FALSE(GrantId::parse(authorization.text()).has_value());
    EXPECT_FALSE(AuthorizationId::parse(to_base32(uid)).has_value());
    EXPECT_FALSE(AuthorizationId::parse("auth_").has_value());
    EXPECT_FALSE(AuthorizationId::parse("AUTH_" + to_base32(uid)).has_value());
    EXPECT_FALSE(AuthorizationId::parse(authorization.text() + " ").has_value());
    EXPECT_TRUE(AuthorizationId{}.is_nil());
    EXPECT_FALSE(authorization.is_nil());
}

TEST(JournalId, ComesBackFromItsHexadecimalText) {
    JournalId id;
    for (std::size_t i = 0; i < id.bytes.size(); ++i) {
        id.bytes[i] = static_cast<std::uint8_t>(i * 17);
    }
    EXPECT_EQ(id.text(), "00112233445566778899aabbccddeeff");
    EXPECT_EQ(JournalId::parse(id.text()), id);
    EXPECT_FALSE(JournalId::parse("00112233445566778899AABBCCDDEEFF").has_value());
    EXPECT_FALSE(JournalId::parse("00112233445566778899aabbccddeef").has_value());
    EXPECT_FALSE(JournalId::parse("00112233445566778899aabbccddeefg").has_value());
    EXPECT_FALSE(JournalId::parse("").has_value());
}

}  // namespace
}  // namespace faregate
