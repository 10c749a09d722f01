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

TEST(DatabaseName, NeverShowsAPassword) {
    for (const auto* url :
         {"postgresql://me:secret@db/x", "password=secret host=db", "postgresql://me:secret@",
          "postgresql:///x?password=secret", "secret"}) {
        EXPECT_EQ(database_name(url).find("secret"), std::string::npos) << url;
    }
}

}  // namespace
}  // namespace faregate::cli
