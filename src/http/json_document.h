#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace faregate::http {

class JsonDocument;

enum class JsonKind : std::uint8_t { null, boolean, number, string, array, object };

/// `an object`, `a string` and so on, for messages.
const char* describe(JsonKind kind) noexcept;

/// One value of a JsonDocument; lives as long as the document keeps it.
class JsonValue {
  public:
    JsonKind kind() const noexcept;
    /// Of a string: its characters. Of a number: its text, digit by digit as it was sent.
    std::string_view text() const noexcept;
    bool truth() const noexcept;
    /// The name, if the value is a member of an object.
    std::string_view name() const noexcept;

    // The values of an array, or the members of an object, in the order in which they were sent.
    std::size_t size() const noexcept;
    std::optional<JsonValue> first() const noexcept;
    std::optional<JsonValue> next() const noexcept;
    /// The member of that name. Precondition: an object.
    std::optional<JsonValue> find(std::string_view name) const noexcept;

  private:
    friend class JsonDocument;
    JsonValue(const JsonDocument& document, std::uint32_t index)
        : document_(&document), index_(index) {}

    const JsonDocument* document_;
    std::uint32_t index_;
};

struct JsonError {
    std::size_t position = 0;  ///< bytes before the fault
    std::string message;       ///< `syntax error`, `member "a" appears twice`, ...
};

/// A JSON text (RFC 8259) as a tree that keeps numbers as text, so that no amount ever passes
/// through a double. Meant to be reused: parsing again keeps the memory. Not thread-safe.
class JsonDocument {
  public:
    static constexpr std::size_t depth_max = 32;
    /// Each takes more memory than it has bytes in the text.
    static constexpr std::size_t values_max = 100'000;

    /// Refuses, besides what is not JSON: invalid UTF-8, members that appear twice, more than
    /// depth_max levels or values_max values, anything after the value. Values of an earlier parse
    /// are gone.
    std::optional<JsonError> parse(std::string_view text);

    /// The memory that the document takes.
    std::size_t bytes() const noexcept {
        return nodes_.capacity() * sizeof(Node) + text_.capacity();
    }
    /// Forgets everything, and gives up its memory if it is more than that.
    void shrink(std::size_t bytes_max);

    /// Precondition: the last parse succeeded.
    JsonValue root() const { return JsonValue(*this, 0); }

  private:
    friend class JsonValue;
    friend class JsonBuilder;

    static constexpr std::uint32_t none = 0xffff'ffff;

    struct Slice {
        std::uint32_t begin = 0;
        std::uint32_t size = 0;
    };
    struct Node {
        JsonKind kind = JsonKind::null;
        bool truth = false;
        Slice name;
        Slice text;
        std::uint32_t size = 0;
        std::uint32_t first = none;
        std::uint32_t next = none;
    };

    std::string_view view(Slice slice) const {
        return std::string_view(text_).substr(slice.begin, slice.size);
    }

    std::vector<Node> nodes_;
    std::string text_;  // all names, strings and numbers, one after the other
};

/// Appends the value without blanks, members in their order, numbers as they were sent.
void append_compact(std::string& out, JsonValue value);

/// Appends the value in a form that is the same for all texts that differ only in blanks, escapes
/// and the order of members.
void append_canonical(std::string& out, JsonValue value);

}  // namespace faregate::http
