#include "cli/hide_secrets.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace faregate::cli {
namespace {

std::vector<std::string> hidden(std::vector<std::string> arguments) {
    std::vector<char*> pointers;
    for (std::string& argument : arguments) pointers.push_back(argument.data());
    hide_secrets(static_cast<int>(pointers.size()), pointers.data());
    return arguments;
}

using Words = std::vector<std::string>;

TEST(HideSecrets, OverwritesTheValueOfASecretFlagInBothForms) {
    EXPECT_EQ(
        hidden({"faregate", "serve", "--bootstrap-key", "fg_1", "--threads", "2"}),
        (Words{"faregate", "serve", "--bootstrap-key", "xxxx", "--threads", "2"})
    );
    EXPECT_EQ(
        hidden({"faregate", "replay", "--key=fg_1", "--database-url=postgresql://u:p@h/d"}),
        (Words{"faregate", "replay", "--key=xxxx", "--database-url=xxxxxxxxxxxxxxxxxxxx"})
    );
}

TEST(HideSecrets, LeavesOtherArgumentsAlone) {
    const Words words{"faregate", "serve", "--keys", "a", "--listen=0.0.0.0:80", "--key"};
    EXPECT_EQ(hidden(words), words);
}

}  // namespace
}  // namespace faregate::cli
