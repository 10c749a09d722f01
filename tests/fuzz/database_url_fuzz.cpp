// What the log says of a database: never the password, however it was written. libpq is the judge
// of what the password is, since it is what sends it.
//
// The input is either any text, or after a `!` the lines user, password, host and database name,
// from which a URL and a list of words are made.

#include <libpq-fe.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "cli/serve/database_name.h"
#include "faregate/core/assert.h"

namespace faregate::cli {
namespace {

struct Free {
    void operator()(PQconninfoOption* options) const noexcept { PQconninfoFree(options); }
};

bool is_shown(std::string_view keyword) {
    return keyword == "host" || keyword == "hostaddr" || keyword == "port" || keyword == "dbname";
}

bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/// Replaces every letter and digit by one that stands nowhere else in such texts.
std::string masked(std::string text) {
    for (char& c : text) c = is_letter(c) ? 'Q' : c;
    return text;
}

/// What is no secret of a connection string, as libpq reads it; `password` is set to what is.
std::string open_parts(const std::string& url, std::string& password) {
    const std::unique_ptr<PQconninfoOption, Free> options(PQconninfoParse(url.c_str(), nullptr));
    std::string shown;
    for (auto* option = options.get(); option != nullptr && option->keyword != nullptr; ++option) {
        if (option->val == nullptr) continue;
        if (std::string_view(option->keyword) == "password") password = option->val;
        if (is_shown(option->keyword)) shown.append(option->keyword).append(option->val);
    }
    return shown;
}

void check_any(const std::string& url) {
    const std::string name = database_name(url);
    FG_ASSERT(!name.empty(), "there is something to say");
    std::string password;
    const std::string shown = open_parts(url, password);
    // What is too short, or may stand across two words of the name, tells nothing.
    constexpr std::size_t telling = 4;
    const bool tells =
        password.size() >= telling && password.find_first_of(" =") == std::string::npos;
    const bool told = tells && name.find(password) != std::string::npos;
    FG_ASSERT(!told || shown.find(password) != std::string::npos, "a password is not shown");
}

std::string percent_encoded(std::string_view text, bool all) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        // What libpq itself would take for the end of the password.
        const bool ends = c == '@' || c == '/' || c == '%' || c == ':' || c == '\0';
        if (!ends && !all) {
            out += c;
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        out += '%';
        out += digits[byte >> 4];
        out += digits[byte & 15];
    }
    return out;
}

std::string quoted(std::string_view text) {
    std::string out = "'";
    for (const char c : text) {
        if (c == '\'' || c == '\\') out += '\\';
        out += c;
    }
    return out + "'";
}

std::string take_line(std::string_view& text) {
    const std::size_t end = text.find('\n');
    std::string line(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    // No password has a zero byte, and libpq refuses an encoded one.
    std::erase(line, '\0');
    return line;
}

/// However a password is written, the log is the same as with any other one.
void check_made(std::string_view text) {
    const std::string user = take_line(text);
    const std::string password = take_line(text);
    const std::string host = take_line(text);
    const std::string name = take_line(text);
    const auto url = [&](const std::string& secret, bool all) {
        return "postgresql://" + percent_encoded(user, true) + ":" + percent_encoded(secret, all) +
               "@" + percent_encoded(host, true) + "/" + percent_encoded(name, true);
    };
    const auto words = [&](const std::string& secret) {
        return "user=" + quoted(user) + " password = " + quoted(secret) + " host=" + quoted(host) +
               " dbname=" + quoted(name);
    };
    const std::string other = masked(password);
    for (const bool all : {true, false}) {
        FG_ASSERT(
            database_name(url(password, all)) == database_name(url(other, all)),
            "a URL's password does not matter"
        );
    }
    FG_ASSERT(
        database_name(words(password)) == database_name(words(other)),
        "a password among words does not matter"
    );
}

}  // namespace
}  // namespace faregate::cli

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace faregate::cli;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    check_any(std::string(text));
    if (text.starts_with('!')) check_made(text.substr(1));
    return 0;
}
