#include "cli/serve/database_name.h"

#include <libpq-fe.h>

#include <array>
#include <memory>
#include <string_view>

namespace faregate::cli {
namespace {

constexpr std::string_view nothing_to_show = "(no host named)";
constexpr std::array<std::string_view, 4> shown_words = {"host", "hostaddr", "port", "dbname"};

struct Free {
    void operator()(PQconninfoOption* options) const noexcept { PQconninfoFree(options); }
};

}  // namespace

// Taken apart by libpq itself: what another reader takes for the port may be the password to it, as
// in postgresql://me:12345#6@db/ledger.
std::string database_name(const std::string& database_url) {
    const std::unique_ptr<PQconninfoOption, Free> options(
        PQconninfoParse(database_url.c_str(), nullptr)
    );
    std::string name;
    for (const std::string_view word : shown_words) {
        for (const auto* option = options.get(); option != nullptr && option->keyword != nullptr;
             ++option) {
            if (word != option->keyword || option->val == nullptr) continue;
            const std::string_view value = option->val;
            if (value.empty()) continue;
            // With a slash in the password, libpq itself takes parts of it for host, port and name,
            // and the @ that followed it stands in one of them.
            if (value.find('@') != std::string_view::npos) return std::string(nothing_to_show);
            name.append(name.empty() ? "" : " ").append(word).append("=").append(value);
        }
    }
    return name.empty() ? std::string(nothing_to_show) : name;
}

}  // namespace faregate::cli
