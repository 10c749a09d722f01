#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace faregate::http {

/// Appends JSON to a string that it does not own. Commas are its affair; that keys and ends are in
/// their places is the caller's. Texts must be valid UTF-8.
class JsonWriter {
  public:
    explicit JsonWriter(std::string& out) : out_(out) {}

    void begin_object();
    void end_object();
    void begin_array();
    void end_array();
    void key(std::string_view name);

    void string(std::string_view text);
    void number(std::uint64_t value);
    void boolean(bool value);
    void null();
    /// One JSON value that is text already.
    void raw(std::string_view json);

    // A member of the object that is open.
    void member(std::string_view name, std::string_view text);
    void member(std::string_view name, const char* text) { member(name, std::string_view(text)); }
    void member(std::string_view name, std::uint64_t value);
    void member(std::string_view name, bool value);
    void raw_member(std::string_view name, std::string_view json);

  private:
    void separate();

    std::string& out_;
    bool first_ = true;  // nothing stands before the next value or key in its container
};

/// Appends `text` with quotes and escapes.
void append_json_string(std::string& out, std::string_view text);

}  // namespace faregate::http
