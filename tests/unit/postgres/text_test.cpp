#include "postgres/text.h"

#include <gtest/gtest.h>

namespace faregate::postgres {
namespace {

TEST(Storable, LeavesGoodTextAlone) {
    for (const std::string text :
         {"", "plain", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xef\xbf\xbf",
          "\xf4\x8f\xbf\xbf", "\xed\x9f\xbf", "tab\tand\nnewline"}) {
        EXPECT_EQ(storable(text), text);
    }
}

TEST(Storable, ReplacesWhatIsNotUtf8) {
    const std::string mark = "\xef\xbf\xbd";
    EXPECT_EQ(storable(std::string("a\0b", 3)), "a" + mark + "b");
    EXPECT_EQ(storable("\xff"), mark);
    EXPECT_EQ(storable("\x80z"), mark + "z");
    EXPECT_EQ(storable("\xc3"), mark);
    EXPECT_EQ(storable("\xc0\xaf"), mark + mark);             // overlong
    EXPECT_EQ(storable("\xe0\x9f\xbf"), mark + mark + mark);  // overlong
    EXPECT_EQ(storable("\xed\xa0\x80"), mark + mark + mark);  // a surrogate
    EXPECT_EQ(storable("\xf4\x90\x80\x80"), mark + mark + mark + mark);
    EXPECT_EQ(storable("\xe2\x82z"), mark + mark + "z");
}

TEST(Hex, ReadsBackWhatItWrote) {
    std::string bytes;
    for (int i = 0; i < 256; ++i) bytes.push_back(static_cast<char>(i));
    EXPECT_EQ(from_hex(to_hex(bytes)), bytes);
    EXPECT_EQ(from_hex("0"), std::nullopt);
    EXPECT_EQ(from_hex("0g"), std::nullopt);
    EXPECT_EQ(from_hex("AB"), std::nullopt);
}

TEST(TimestampText, WritesWhatRfc3339CannotAsInfinite) {
    EXPECT_EQ(timestamp_text(Timestamp{0}), "1970-01-01T00:00:00.000000Z");
    EXPECT_EQ(timestamp_text(Timestamp::never()), "infinity");
    EXPECT_EQ(timestamp_text(Timestamp{std::numeric_limits<std::int64_t>::min()}), "-infinity");
}

}  // namespace
}  // namespace faregate::postgres
