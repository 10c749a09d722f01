#include "http/query_reader.h"

#include <gtest/gtest.h>

namespace faregate::http {
namespace {

/// What is wrong with the query for a route with `cursor`, `limit` and `from`.
std::string fault_of(std::string_view query) {
    std::optional<Problem> fault;
    QueryReader reader(query, {"cursor", "limit", "from"}, fault);
    reader.limit();
    reader.time("from");
    return fault ? fault->detail : "";
}

TEST(QueryReader, ReadsParametersByName) {
    std::optional<Problem> fault;
    QueryReader reader(
        "limit=7&cursor=a%20b%26&from=2026-01-31T09%3A30%3A00%2B02:00", {"cursor", "limit", "from"},
        fault
    );
    EXPECT_EQ(reader.limit(), 7U);
    EXPECT_EQ(reader.text("cursor"), "a b&");
    EXPECT_EQ(to_rfc3339(*reader.time("from")), "2026-01-31T07:30:00.000000Z");
    EXPECT_FALSE(fault);
}

TEST(QueryReader, APlusIsAPlus) { EXPECT_EQ(fault_of("from=2026-01-31T09:30:00+02:00"), ""); }

TEST(QueryReader, HasDefaults) {
    std::optional<Problem> fault;
    QueryReader reader("", {"limit"}, fault);
    EXPECT_EQ(reader.limit(), 100U);
    EXPECT_FALSE(reader.text("limit"));
    EXPECT_FALSE(fault);
}

TEST(QueryReader, NamesAnUnknownParameter) {
    EXPECT_EQ(fault_of("limt=5"), "\"limt\" is not a parameter of this route.");
    EXPECT_EQ(fault_of("limit=5&x"), "\"x\" is not a parameter of this route.");
}

TEST(QueryReader, RefusesRepetition) {
    EXPECT_EQ(fault_of("limit=5&limit=6"), "\"limit\" came more than once.");
}

TEST(QueryReader, RefusesWrongValues) {
    for (const char* limit : {"0", "1001", "-1", "5x", "", "1.5"}) {
        EXPECT_NE(fault_of("limit=" + std::string(limit)), "") << limit;
    }
    EXPECT_EQ(fault_of("limit=1000"), "");
    EXPECT_NE(fault_of("from=yesterday"), "");
    EXPECT_NE(fault_of("from=%zz"), "");
}

}  // namespace
}  // namespace faregate::http
