#include "cli/serve/database_name.h"

#include <gtest/gtest.h>

namespace faregate::cli {
namespace {

TEST(DatabaseName, HasHostPortAndDatabaseOfAUrl) {
    EXPECT_EQ(
        database_name("postgresql://me:secret@db.example:5433/ledger"),
        "host=db.example port=5433 dbname=ledger"
    );
}

TEST(DatabaseName, HasTheSocketOfAUrl) {
    EXPECT_EQ(
        database_name("postgresql:///ledger?host=/run/postgresql&user=me"),
        "host=/run/postgresql dbname=ledger"
    );
}

TEST(DatabaseName, HasTheWordsThatAreNoSecret) {
    EXPECT_EQ(
        database_name("host=/tmp/pg port=5433 user=me password=secret dbname=ledger"),
        "host=/tmp/pg port=5433 dbname=ledger"
    );
}

// The log said where the database is with words that a stricter reader of URLs, or one that knows
// no quotes, had found; parts of the password were among them.
TEST(DatabaseName, NeverShowsAPartOfAPasswordWithOddCharacters) {
    for (const auto* url :
         {"postgresql://me:12345#6@db/ledger", "postgresql://me:12345?6@db/ledger",
          "postgresql://me:12345/6@db/ledger", "password='12345 host=12345' host=db",
          "password='\\'' host = db password='port=12345 host=12345'",
          "postgresql://me:1 host=12345@db/ledger", "postgresql://me:12345[6@db/ledger"}) {
        EXPECT_EQ(database_name(url).find("12345"), std::string::npos) << database_name(url);
    }
    EXPECT_EQ(database_name("postgresql://me:12345#6@db/ledger"), "host=db dbname=ledger");
    EXPECT_EQ(database_name("host = db password = x"), "host=db");
}

TEST(DatabaseName, NeverShowsAPassword) {
    for (const auto* url :
         {"postgresql://me:secret@db/x", "password=secret host=db", "postgresql://me:secret@",
          "postgresql:///x?password=secret", "secret"}) {
        EXPECT_EQ(database_name(url).find("secret"), std::string::npos) << url;
    }
}

}  // namespace
}  // namespace faregate::cli
