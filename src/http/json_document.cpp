// Boost.JSON's event parser: it hands over the text of every number, checks UTF-8 and depth, and
// says where it stopped. Its implementation is compiled here, once, so that nothing is linked.
#include "http/json_document.h"

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/src.hpp>

#include "faregate/core/assert.h"
#include "http/json_writer.h"

namespace faregate::http {
namespace {

constexpr std::size_t text_bytes_max = 0x7fff'ffff;
// Up to here comparing each with each is quicker than sorting.
constexpr std::size_t few_members = 16;

}  // namespace

/// Receives the parser's events and appends to the document.
class JsonBuilder {
  public:
    static constexpr std::size_t max_object_size = text_bytes_max;
    static constexpr std::size_t max_array_size = text_bytes_max;
    static constexpr std::size_t max_key_size = text_bytes_max;
    static constexpr std::size_t max_string_size = text_bytes_max;

    using Code = boost::json::error_code;
    using Text = boost::json::string_view;

    explicit JsonBuilder(JsonDocument& document) : document_(document) {}

    const std::string& repeated() const { return repeated_; }

    bool on_document_begin(Code&) { return true; }
    bool on_document_end(Code&) { return true; }
    bool on_object_begin(Code& code) { return open(JsonKind::object, code); }
    bool on_object_end(std::size_t, Code& code) {
        const Container& closed = open_.back();
        if (!names_differ(closed.index)) {
            code = boost::json::error::syntax;
            return false;
        }
        open_.pop_back();
        return true;
    }
    bool on_array_begin(Code& code) { return open(JsonKind::array, code); }
    bool on_array_end(std::size_t, Code&) {
        open_.pop_back();
        return true;
    }
    bool on_key_part(Text text, std::size_t, Code&) { return append(text); }
    bool on_key(Text text, std::size_t, Code&) {
        append(text);
        name_ = take();
        return true;
    }
    bool on_string_part(Text text, std::size_t, Code&) { return append(text); }
    bool on_string(Text text, std::size_t, Code& code) {
        if (!has_room(code)) return false;
        append(text);
        add(JsonKind::string).text = take();
        return true;
    }
    bool on_number_part(Text text, Code&) { return append(text); }
    bool on_int64(std::int64_t, Text text, Code& code) { return number(text, code); }
    bool on_uint64(std::uint64_t, Text text, Code& code) { return number(text, code); }
    bool on_double(double, Text text, Code& code) { return number(text, code); }
    bool on_bool(bool truth, Code& code) {
        if (!has_room(code)) return false;
        add(JsonKind::boolean).truth = truth;
        return true;
    }
    bool on_null(Code& code) {
        if (!has_room(code)) return false;
        add(JsonKind::null);
        return true;
    }
    bool on_comment_part(Text, Code&) { return true; }
    bool on_comment(Text, Code&) { return true; }

  private:
    struct Container {
        std::uint32_t index = 0;
        std::uint32_t last = JsonDocument::none;
    };

    bool append(Text text) {
        document_.text_.append(text.data(), text.size());
        return true;
    }

    /// What was appended since the last take.
    JsonDocument::Slice take() {
        const auto end = static_cast<std::uint32_t>(document_.text_.size());
        const JsonDocument::Slice slice{taken_, end - taken_};
        taken_ = end;
        return slice;
    }

    bool has_room(Code& code) const {
        if (document_.nodes_.size() < JsonDocument::values_max) return true;
        code = boost::json::error::array_too_large;
        return false;
    }

    bool number(Text text, Code& code) {
        if (!has_room(code)) return false;
        append(text);
        add(JsonKind::number).text = take();
        return true;
    }

    JsonDocument::Node& add(JsonKind kind) {
        auto& nodes = document_.nodes_;
        const auto index = static_cast<std::uint32_t>(nodes.size());
        JsonDocument::Node& node = nodes.emplace_back();
        node.kind = kind;
        node.name = std::exchange(name_, {});
        if (open_.empty()) return node;
        Container& parent = open_.back();
        auto& link =
            parent.last == JsonDocument::none ? nodes[parent.index].first : nodes[parent.last].next;
        link = index;
        parent.last = index;
        ++nodes[parent.index].size;
        return node;
    }

    bool open(JsonKind kind, Code& code) {
        if (!has_room(code)) return false;
        const auto index = static_cast<std::uint32_t>(document_.nodes_.size());
        add(kind);
        open_.push_back(Container{index, JsonDocument::none});
        return true;
    }

    /// False if two members of the object have one name, which is then in repeated_.
    bool names_differ(std::uint32_t object) {
        const auto& nodes = document_.nodes_;
        names_.clear();
        for (auto i = nodes[object].first; i != JsonDocument::none; i = nodes[i].next) {
            const std::string_view name = document_.view(nodes[i].name);
            if (nodes[object].size <= few_members) {
                if (std::find(names_.begin(), names_.end(), name) != names_.end()) {
                    repeated_ = name;
                    return false;
                }
            }
            names_.push_back(name);
        }
        if (names_.size() <= few_members) return true;
        std::sort(names_.begin(), names_.end());
        const auto twice = std::adjacent_find(names_.begin(), names_.end());
        if (twice == names_.end()) return true;
        repeated_ = *twice;
        return false;
    }

    JsonDocument& document_;
    std::vector<Container> open_;
    std::vector<std::string_view> names_;
    JsonDocument::Slice name_;
    std::uint32_t taken_ = 0;
    std::string repeated_;
};

const char* describe(JsonKind kind) noexcept {
    switch (kind) {
        case JsonKind::null:
            return "null";
        case JsonKind::boolean:
            return "true or false";
        case JsonKind::number:
            return "a number";
        case JsonKind::string:
            return "a string";
        case JsonKind::array:
            return "an array";
        case JsonKind::object:
            return "an object";
    }
    return "unknown";
}

JsonKind JsonValue::kind() const noexcept { return document_->nodes_[index_].kind; }

std::string_view JsonValue::text() const noexcept {
    return document_->view(document_->nodes_[index_].text);
}

bool JsonValue::truth() const noexcept { return document_->nodes_[index_].truth; }

std::string_view JsonValue::name() const noexcept {
    return document_->view(document_->nodes_[index_].name);
}

std::size_t JsonValue::size() const noexcept { return document_->nodes_[index_].size; }

std::optional<JsonValue> JsonValue::first() const noexcept {
    const auto index = document_->nodes_[index_].first;
    if (index == JsonDocument::none) return std::nullopt;
    return JsonValue(*document_, index);
}

std::optional<JsonValue> JsonValue::next() const noexcept {
    const auto index = document_->nodes_[index_].next;
    if (index == JsonDocument::none) return std::nullopt;
    return JsonValue(*document_, index);
}

std::optional<JsonValue> JsonValue::find(std::string_view name) const noexcept {
    FG_ASSERT(kind() == JsonKind::object, "only objects have members");
    for (auto member = first(); member; member = member->next()) {
        if (member->name() == name) return member;
    }
    return std::nullopt;
}

std::optional<JsonError> JsonDocument::parse(std::string_view text) {
    nodes_.clear();
    text_.clear();
    if (text.size() > text_bytes_max) return JsonError{0, "too long"};
    text_.reserve(text.size());

    boost::json::parse_options options;
    options.max_depth = depth_max;
    boost::json::basic_parser<JsonBuilder> parser(options, *this);
    boost::json::error_code code;
    const std::size_t used = parser.write_some(false, text.data(), text.size(), code);
    if (!parser.handler().repeated().empty()) {
        return JsonError{used, "member \"" + parser.handler().repeated() + "\" appears twice"};
    }
    if (code == boost::json::error::exponent_overflow) {
        return JsonError{used, "a number's exponent is too large"};
    }
    if (code == boost::json::error::too_deep) {
        return JsonError{used, "more than " + std::to_string(depth_max) + " levels"};
    }
    if (code == boost::json::error::array_too_large) {
        return JsonError{used, "more than " + std::to_string(values_max) + " values"};
    }
    if (code) return JsonError{used, code.message()};
    if (used < text.size()) return JsonError{used, "something follows the value"};
    return std::nullopt;
}

void JsonDocument::shrink(std::size_t bytes_max) {
    nodes_.clear();
    text_.clear();
    if (bytes() <= bytes_max) return;
    std::vector<Node>().swap(nodes_);
    std::string().swap(text_);
}

namespace {

void append_value(std::string& out, JsonValue value, bool sorted);

void append_members(std::string& out, JsonValue object, bool sorted) {
    std::vector<JsonValue> members;
    members.reserve(object.size());
    for (auto member = object.first(); member; member = member->next()) members.push_back(*member);
    if (sorted) {
        std::sort(members.begin(), members.end(), [](const JsonValue& a, const JsonValue& b) {
            return a.name() < b.name();
        });
    }
    out += '{';
    for (std::size_t i = 0; i < members.size(); ++i) {
        if (i > 0) out += ',';
        append_json_string(out, members[i].name());
        out += ':';
        append_value(out, members[i], sorted);
    }
    out += '}';
}

void append_value(std::string& out, JsonValue value, bool sorted) {
    switch (value.kind()) {
        case JsonKind::null:
            out += "null";
            return;
        case JsonKind::boolean:
            out += value.truth() ? "true" : "false";
            return;
        case JsonKind::number:
            out += value.text();
            return;
        case JsonKind::string:
            append_json_string(out, value.text());
            return;
        case JsonKind::object:
            append_members(out, value, sorted);
            return;
        case JsonKind::array:
            break;
    }
    out += '[';
    bool first = true;
    for (auto item = value.first(); item; item = item->next()) {
        if (!first) out += ',';
        first = false;
        append_value(out, *item, sorted);
    }
    out += ']';
}

}  // namespace

void append_compact(std::string& out, JsonValue value) { append_value(out, value, false); }

void append_canonical(std::string& out, JsonValue value) { append_value(out, value, true); }

}  // namespace faregate::http
