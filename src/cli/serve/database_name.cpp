#include "cli/serve/database_name.h"

#include <array>
#include <boost/url/parse.hpp>
#include <sstream>
#include <string_view>

namespace faregate::cli {
namespace {

constexpr std::array<std::string_view, 4> shown_words = {"host=", "hostaddr=", "port=", "dbname="};

void append_word(std::string& out, std::string_view word) {
    if (!out.empty()) out += ' ';
    out += word;
}

std::string from_url(const boost::urls::url_view& url) {
    std::string out;
    if (!url.host().empty()) append_word(out, "host=" + url.host());
    for (const auto parameter : url.params()) {
        if (parameter.key == "host") append_word(out, "host=" + parameter.value);
    }
    if (!url.port().empty()) append_word(out, "port=" + std::string(url.port()));
    if (url.path().size() > 1) append_word(out, "dbname=" + url.path().substr(1));
    return out;
}

std::string from_words(const std::string& words) {
    std::string out;
    std::istringstream in(words);
    for (std::string word; in >> word;) {
        for (const auto name : shown_words) {
            if (word.starts_with(name)) append_word(out, word);
        }
    }
    return out;
}

}  // namespace

std::string database_name(const std::string& database_url) {
    const auto url = boost::urls::parse_uri(database_url);
    auto name = url ? from_url(*url) : from_words(database_url);
    return name.empty() ? "(no host named)" : name;
}

}  // namespace faregate::cli
