#include "http/json_writer.h"

#include <gtest/gtest.h>

#include "http/json_document.h"

namespace faregate::http {
namespace {

std::string written(std::string_view text) {
    std::string out;
    append_json_string(out, text);
    return out;
}

TEST(JsonWriter, EscapesWhatJsonWantsEscaped) {
    EXPECT_EQ(written("plain"), "\"plain\"");
    EXPECT_EQ(written("a\"b\\c/d"), R"("a\"b\\c/d")");
    EXPECT_EQ(written("\b\f\n\r\t"), R"("\b\f\n\r\t")");
    EXPECT_EQ(written(std::string_view("\0\x01\x1f", 3)), R"("\u0000\u0001\u001f")");
    EXPECT_EQ(written("\xe2\x82\xac"), "\"\xe2\x82\xac\"");
}

TEST(JsonWriter, EveryByteComesBack) {
    std::string text;
    for (char c = 0; c < 0x7f; ++c) text += c;
    JsonDocument document;
    ASSERT_FALSE(document.parse(written(text)));
    EXPECT_EQ(document.root().text(), text);
}

TEST(JsonWriter, PutsCommasWhereTheyBelong) {
    std::string out;
    JsonWriter json(out);
    json.begin_object();
    json.key("empty");
    json.begin_array();
    json.end_array();
    json.member("text", "x");
    json.key("list");
    json.begin_array();
    json.number(1);
    json.begin_object();
    json.end_object();
    json.boolean(false);
    json.null();
    json.end_array();
    json.raw_member("raw", "{\"a\":1}");
    json.member("last", true);
    json.end_object();
    EXPECT_EQ(out, R"({"empty":[],"text":"x","list":[1,{},false,null],"raw":{"a":1},"last":true})");
}

}  // namespace
}  // namespace faregate::http
