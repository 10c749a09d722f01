#include "faregate/core/result.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace faregate {
namespace {

Result<int> half(int value) {
    if (value % 2 != 0) return failure(ErrorCode::invalid_argument, "odd");
    return value / 2;
}

Result<int> quarter(int value) {
    FG_TRY_ASSIGN(const int once, half(value));
    FG_TRY_ASSIGN(const int twice, half(once));
    return twice;
}

Status check_twice(int value) {
    FG_TRY(half(value));
    FG_TRY(half(value / 2));
    return {};
}

TEST(Result, TryGoesOnWithTheValueOrReturnsTheError) {
    EXPECT_EQ(quarter(12).value(), 3);
    EXPECT_EQ(quarter(6).error().message, "odd");
    EXPECT_EQ(quarter(7).error().code, ErrorCode::invalid_argument);
    EXPECT_TRUE(check_twice(4).has_value());
    EXPECT_FALSE(check_twice(2).has_value());
}

TEST(ErrorCode, EachHasAName) {
    std::set<std::string> names;
    for (int i = 0; i <= static_cast<int>(ErrorCode::fenced); ++i) {
        names.insert(to_string(static_cast<ErrorCode>(i)));
    }
    EXPECT_EQ(names.size(), 7U);
    EXPECT_EQ(names.count("unknown"), 0U);
}

}  // namespace
}  // namespace faregate
