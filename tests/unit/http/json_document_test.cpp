#include "http/json_document.h"

#include <gtest/gtest.h>

#include <string>

namespace faregate::http {
namespace {

std::string compact(const JsonDocument& document) {
    std::string out;
    append_compact(out, document.root());
    return out;
}

std::string canonical(std::string_view text) {
    JsonDocument document;
    EXPECT_FALSE(document.parse(text)) << text;
    std::string out;
    append_canonical(out, document.root());
    return out;
}

/// The message of the error, or "" if the text was read.
std::string error_of(std::string_view text) {
    JsonDocument document;
    const auto error = document.parse(text);
    return error ? error->message : "";
}

TEST(JsonDocument, KeepsEveryDigitOfANumber) {
    for (const std::string number :
         {"0.1", "1.10", "123456789012345678901234567890.123456789012345678", "1e-30", "1E+400",
          "-0", "-0.0", "18446744073709551616", "0.3000000000000000000000000000000000001"}) {
        JsonDocument document;
        ASSERT_FALSE(document.parse(number)) << number;
        EXPECT_EQ(document.root().kind(), JsonKind::number);
        EXPECT_EQ(document.root().text(), number);
    }
}

TEST(JsonDocument, ReadsEveryKindOfValue) {
    constexpr std::string_view text =
        R"({"a":[1,"two",true,false,null,{}],"b":{"c":[]},"":"empty name"})";
    JsonDocument document;
    ASSERT_FALSE(document.parse(text));
    EXPECT_EQ(compact(document), text);
    const auto list = document.root().find("a");
    ASSERT_TRUE(list);
    EXPECT_EQ(list->size(), 6U);
    EXPECT_EQ(list->first()->next()->text(), "two");
    EXPECT_FALSE(document.root().find("d"));
}

TEST(JsonDocument, ForgetsTheTextBefore) {
    JsonDocument document;
    ASSERT_FALSE(document.parse(R"({"long":"0123456789"})"));
    ASSERT_FALSE(document.parse(R"({"s":"x"})"));
    EXPECT_EQ(compact(document), R"({"s":"x"})");
    ASSERT_TRUE(document.parse("{"));
    ASSERT_FALSE(document.parse("[]"));
    EXPECT_EQ(compact(document), "[]");
}

TEST(JsonDocument, ReadsEscapesAsTheirCharacters) {
    JsonDocument document;
    ASSERT_FALSE(document.parse(R"(["\"\\\/\b\f\n\r\t", "\u20ac", "\ud83d\ude00", "\u0000"])"));
    auto item = document.root().first();
    EXPECT_EQ(item->text(), "\"\\/\b\f\n\r\t");
    item = item->next();
    EXPECT_EQ(item->text(), "\xe2\x82\xac");
    item = item->next();
    EXPECT_EQ(item->text(), "\xf0\x9f\x98\x80");
    item = item->next();
    EXPECT_EQ(item->text(), std::string_view("\0", 1));
}

TEST(JsonDocument, RefusesAMemberThatAppearsTwice) {
    EXPECT_EQ(error_of(R"({"a":1,"b":2,"a":3})"), R"(member "a" appears twice)");
    EXPECT_EQ(error_of(R"({"x":{"a":1,"a":1}})"), R"(member "a" appears twice)");
    // Escapes do not hide it.
    EXPECT_EQ(error_of(R"({"a":1,"\u0061":2})"), R"(member "a" appears twice)");
    EXPECT_EQ(error_of(R"([{"a":1},{"a":2}])"), "");
}

TEST(JsonDocument, RefusesAMemberThatAppearsTwiceAmongMany) {
    std::string text = "{";
    for (int i = 0; i < 1000; ++i) text += "\"m" + std::to_string(i) + "\":0,";
    EXPECT_EQ(error_of(text + "\"last\":0}"), "");
    EXPECT_EQ(error_of(text + "\"m500\":0}"), R"(member "m500" appears twice)");
}

TEST(JsonDocument, RefusesMoreThan32Levels) {
    const std::string deep = std::string(32, '[') + std::string(32, ']');
    EXPECT_EQ(error_of(deep), "");
    EXPECT_EQ(error_of("[" + deep + "]"), "more than 32 levels");
}

// A value takes many times the memory of its text.
TEST(JsonDocument, RefusesMoreThan100000Values) {
    std::string many = "[1";
    for (std::size_t i = 2; i < JsonDocument::values_max; ++i) many += i % 2 == 0 ? ",[]" : ",\"\"";
    EXPECT_EQ(error_of(many + "]"), "");
    for (const char* more : {",1", ",{}", ",[]", ",null", ",true", ",\"a\"", ",1.5"}) {
        EXPECT_EQ(error_of(many + more + "]"), "more than 100000 values") << more;
    }
}

// A document lives as long as its connection; what one large text took must not.
TEST(JsonDocument, GivesUpTheMemoryOfALargeText) {
    JsonDocument document;
    std::string text = "[1";
    for (int i = 0; i < 10'000; ++i) text += ",1";
    ASSERT_FALSE(document.parse(text + "]"));
    EXPECT_GT(document.bytes(), 10'000U * 10);
    document.shrink(1'000);
    EXPECT_LT(document.bytes(), 1'000U);
    ASSERT_FALSE(document.parse("[1]"));
    document.shrink(1'000);
    EXPECT_GT(document.bytes(), 0U);
}

TEST(JsonDocument, RefusesWhatIsCutOff) {
    const std::string text = R"({"wallet":"acme","amounts":[{"asset":"USD","amount":1.5e3}]})";
    ASSERT_EQ(error_of(text), "");
    for (std::size_t size = 0; size < text.size(); ++size) {
        EXPECT_NE(error_of(text.substr(0, size)), "") << text.substr(0, size);
    }
}

TEST(JsonDocument, RefusesWhatFollowsTheValue) {
    EXPECT_NE(error_of("{} {}"), "");
    EXPECT_NE(error_of("{}x"), "");
    EXPECT_NE(error_of("1 2"), "");
    EXPECT_EQ(error_of(" {} \r\n\t"), "");
}

TEST(JsonDocument, RefusesInvalidUtf8) {
    EXPECT_NE(error_of("[\"\xff\"]"), "");
    EXPECT_NE(error_of("[\"\xc0\xaf\"]"), "");          // overlong
    EXPECT_NE(error_of("[\"\xed\xa0\x80\"]"), "");      // a surrogate
    EXPECT_NE(error_of("[\"\xe2\x82\"]"), "");          // cut off
    EXPECT_NE(error_of("[\"\xf4\x90\x80\x80\"]"), "");  // past U+10FFFF
    EXPECT_NE(error_of(R"(["\ud800"])"), "");
    EXPECT_EQ(error_of("[\"\xe2\x82\xac\"]"), "");
}

TEST(JsonDocument, RefusesWhatJsonDoesNotHave) {
    for (const char* text :
         {"",           " ",       "NaN",  "Infinity", "-",     "01",        "1.",
          ".5",         "+1",      "0x10", "1e",       "'a'",   "{a:1}",     "[1,]",
          "{\"a\":1,}", "// c\n1", "tru",  "\"\n\"",   "[1 2]", "{\"a\" 1}", "\xef\xbb\xbf{}"}) {
        EXPECT_NE(error_of(text), "") << text;
    }
}

TEST(JsonDocument, SaysWhereItStopped) {
    JsonDocument document;
    const auto error = document.parse(R"({"a": x})");
    ASSERT_TRUE(error);
    EXPECT_EQ(error->position, 6U);
}

TEST(JsonDocument, CanonicalTextForgetsOrderBlanksAndEscapes) {
    const std::string expected = R"({"a":[1.50,{"x":"A","y":null}],"b":true})";
    EXPECT_EQ(canonical(R"({"b":true,"a":[1.50,{"y":null,"x":"A"}]})"), expected);
    EXPECT_EQ(
        canonical("{ \"a\" : [1.50, {\"x\":\"\\u0041\", \"y\":null}],\n\"b\":true}"), expected
    );
}

TEST(JsonDocument, CanonicalTextKeepsTheOrderOfArraysAndTheTextOfNumbers) {
    EXPECT_NE(canonical("[1,2]"), canonical("[2,1]"));
    EXPECT_NE(canonical("[1.0]"), canonical("[1]"));
    EXPECT_NE(canonical("[1]"), canonical("[\"1\"]"));
}

}  // namespace
}  // namespace faregate::http
