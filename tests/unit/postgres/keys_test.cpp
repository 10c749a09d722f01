#include "faregate/postgres/keys.h"

#include "postgres/text.h"
#include "unit/postgres/postgres_fixture.h"

namespace faregate::postgres::testing {
namespace {

using ::testing::MatchesRegex;

constexpr auto authorize_and_read = static_cast<std::uint8_t>(
    static_cast<std::uint8_t>(Scope::authorize) | static_cast<std::uint8_t>(Scope::read)
);

class Keys : public PostgresTest {};

TEST_F(Keys, TheSecretIsStoredNowhere) {
    const auto created = create_key(url, "gateway", authorize_and_read);
    ASSERT_TRUE(created.has_value()) << created.error().message;
    EXPECT_THAT(created->secret, MatchesRegex("fg_[0-9a-hjkmnp-tv-z]+"));
    EXPECT_EQ(created->secret.size(), 43U);
    EXPECT_THAT(created->key.id, MatchesRegex("key_[0-9a-hjkmnp-tv-z]+"));
    EXPECT_EQ(created->key.digest, digest_of(created->secret));
    const std::string row = sql("SELECT api_keys::text FROM api_keys").at(0).at(0);
    EXPECT_EQ(row.find(created->secret), std::string::npos);
    EXPECT_EQ(row.find(created->secret.substr(3)), std::string::npos);
}

TEST_F(Keys, ListsWhatWasCreatedAndRevoked) {
    const auto first = create_key(url, "gateway", authorize_and_read);
    const auto second = create_key(url, "operator's \"key\", {odd}", 4);
    ASSERT_TRUE(first.has_value() && second.has_value());
    EXPECT_NE(first->secret, second->secret);
    ASSERT_TRUE(revoke_key(url, first->key.id).has_value());

    const auto keys = list_keys(url);
    ASSERT_TRUE(keys.has_value()) << keys.error().message;
    ASSERT_EQ(keys->size(), 2U);
    EXPECT_EQ((*keys)[0].id, first->key.id);
    EXPECT_EQ((*keys)[0].scopes, authorize_and_read);
    EXPECT_EQ((*keys)[0].digest, first->key.digest);
    EXPECT_TRUE((*keys)[0].revoked_at.has_value());
    EXPECT_EQ((*keys)[1].name, "operator's \"key\", {odd}");
    EXPECT_EQ((*keys)[1].scopes, 4);
    EXPECT_TRUE(parse_rfc3339((*keys)[1].created_at).has_value());
    EXPECT_FALSE((*keys)[1].revoked_at.has_value());
}

TEST_F(Keys, RevokingTwiceKeepsTheFirstTime) {
    const auto created = create_key(url, "gateway", 1);
    ASSERT_TRUE(revoke_key(url, created->key.id).has_value());
    const auto revoked_at = list_keys(url)->at(0).revoked_at;
    ASSERT_TRUE(revoke_key(url, created->key.id).has_value());
    EXPECT_EQ(list_keys(url)->at(0).revoked_at, revoked_at);
}

TEST_F(Keys, RevokingAnUnknownKeyIsNotFound) {
    EXPECT_EQ(revoke_key(url, "key_none").error().code, ErrorCode::not_found);
}

TEST_F(Keys, AKeyNeedsANameAndAScope) {
    EXPECT_EQ(create_key(url, "", 1).error().code, ErrorCode::invalid_argument);
    EXPECT_EQ(create_key(url, "x", 0).error().code, ErrorCode::invalid_argument);
    EXPECT_EQ(create_key(url, "x", 8).error().code, ErrorCode::invalid_argument);
}

TEST(KeyDigest, IsSha256) {
    const KeyDigest digest = digest_of("abc");
    EXPECT_EQ(
        to_hex(std::string(digest.begin(), digest.end())),
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    );
}

TEST(Scope, NamesReadBack) {
    for (const Scope scope : {Scope::authorize, Scope::read, Scope::admin}) {
        EXPECT_EQ(parse_scope(to_string(scope)), scope);
    }
    EXPECT_EQ(parse_scope("root"), std::nullopt);
}

}  // namespace
}  // namespace faregate::postgres::testing
