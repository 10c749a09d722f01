#include "cli/hide_secrets.h"

#include <array>
#include <cstring>
#include <string_view>

namespace faregate::cli {
namespace {

// A database URL may contain a password.
constexpr std::array<std::string_view, 3> secret_flags = {
    "--bootstrap-key", "--key", "--database-url"};

void hide(char* text) { std::memset(text, 'x', std::strlen(text)); }

}  // namespace

void hide_secrets(int argc, char** argv) {
    for (int i = 1; i < argc; ++i) {
        const std::string_view argument = argv[i];
        const auto name = argument.substr(0, argument.find('='));
        for (const auto flag : secret_flags) {
            if (name != flag) continue;
            if (name.size() < argument.size()) {
                hide(argv[i] + name.size() + 1);
            } else if (i + 1 < argc) {
                hide(argv[i + 1]);
            }
        }
    }
}

}  // namespace faregate::cli
