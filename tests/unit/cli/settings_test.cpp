#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

#include "cli/setting_options.h"

namespace faregate::cli {
namespace {

/// A command with all settings, and an environment and file of the test's own.
class SettingsTest : public testing::Test {
  protected:
    SettingsTest() {
        options.add_server();
        std::string pattern = std::filesystem::temp_directory_path() / "faregate-settings-XXXXXX";
        if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary directory");
        directory_ = pattern;
    }
    ~SettingsTest() override {
        std::filesystem::remove_all(directory_);
        for (const auto& name : set_) unsetenv(name.c_str());
    }

    void set_variable(const std::string& name, const std::string& value) {
        setenv(name.c_str(), value.c_str(), 1);
        set_.push_back(name);
    }
    std::string write_file(const std::string& text) {
        const auto path = directory_ / "faregate.toml";
        std::ofstream(path) << text;
        return path.string();
    }
    Status resolve(std::initializer_list<std::string> arguments) {
        std::vector<std::string> reversed(std::rbegin(arguments), std::rend(arguments));
        command.parse(reversed);
        return options.resolve();
    }
    std::string refusal(std::initializer_list<std::string> arguments) {
        const auto status = resolve(arguments);
        return status ? "accepted" : status.error().message;
    }

    CLI::App command;
    SettingOptions options{command};

  private:
    std::filesystem::path directory_;
    std::vector<std::string> set_;
};

TEST_F(SettingsTest, DefaultsServeOnThisMachineOnly) {
    ASSERT_TRUE(resolve({}));
    EXPECT_EQ(options.settings().listen, "127.0.0.1:8080");
    EXPECT_EQ(options.settings().durability, http::Durability::journal);
}

TEST_F(SettingsTest, AFlagWinsOverAVariableAndThatOverTheFile) {
    const auto file = write_file("threads = 3\nstripes = 8\nrate_limit = 7\n");
    set_variable("FAREGATE_THREADS", "4");
    set_variable("FAREGATE_STRIPES", "16");
    ASSERT_TRUE(resolve({"--config", file, "--threads", "5"}));
    EXPECT_EQ(options.settings().threads, 5U);
    EXPECT_EQ(options.settings().stripes, 16U);
    EXPECT_EQ(options.settings().rate_limit, 7U);
}

TEST_F(SettingsTest, TheFileMayBeNamedByAVariable) {
    set_variable("FAREGATE_CONFIG", write_file("durability = \"postgres\"\n"));
    ASSERT_TRUE(resolve({}));
    EXPECT_EQ(options.settings().durability, http::Durability::postgres);
}

TEST_F(SettingsTest, ANumberSignInAQuotedPasswordIsKept) {
    const auto file = write_file("database_url = \"postgresql://me:a#b@db/ledger\"  # ours\n");
    ASSERT_TRUE(resolve({"--config", file}));
    EXPECT_EQ(options.settings().database_url, "postgresql://me:a#b@db/ledger");
}

TEST_F(SettingsTest, AnEmptyVariableIsUnset) {
    set_variable("FAREGATE_THREADS", "");
    set_variable("FAREGATE_LISTEN", "");
    ASSERT_TRUE(resolve({}));
    EXPECT_EQ(options.settings().listen, "127.0.0.1:8080");
}

TEST_F(SettingsTest, AnUnknownSettingInTheFileIsRefusedByNameAndLine) {
    const auto file = write_file("threads = 3\nthreds = 4\n");
    EXPECT_EQ(
        refusal({"--config", file}),
        file + ":2: threds is not a setting; faregate serve --help lists them"
    );
}

TEST_F(SettingsTest, ASectionInTheFileIsRefused) {
    const auto file = write_file("[server]\nthreads = 3\n");
    EXPECT_NE(refusal({"--config", file}).find("server is not a setting"), std::string::npos);
}

TEST_F(SettingsTest, AFileThatIsNotTomlIsRefusedWithTheLine) {
    const auto file = write_file("threads = 3\nlisten = 127.0.0.1:80\n");
    EXPECT_EQ(refusal({"--config", file}).rfind(file + ":2: ", 0), 0U);
}

TEST_F(SettingsTest, AFileThatIsMissingIsRefused) {
    EXPECT_NE(refusal({"--config", "/no/such/file.toml"}), "accepted");
}

TEST_F(SettingsTest, ABadValueSaysWhereItStandsAndWhatIsAllowed) {
    set_variable("FAREGATE_STRIPES", "100");
    EXPECT_EQ(refusal({}), "FAREGATE_STRIPES: must be a power of two from 2 to 65536, not \"100\"");
}

TEST_F(SettingsTest, ABadValueInTheFileSaysWhereItStands) {
    const auto file = write_file("durability = \"disk\"\n");
    EXPECT_EQ(
        refusal({"--config", file}),
        file + ":1: durability: must be one of journal, postgres, not \"disk\""
    );
}

TEST_F(SettingsTest, ABadFlagIsRefused) {
    EXPECT_THROW(command.parse(std::vector<std::string>{"0", "--threads"}), CLI::ValidationError);
    EXPECT_THROW(command.parse(std::vector<std::string>{"--treads=1"}), CLI::ExtrasError);
}

TEST_F(SettingsTest, NumbersTakeNoSignsFractionsOrUnits) {
    for (const auto* text : {"-1", "+1", "1.5", "1k", " 1", "0x10", "99999999999999999999"}) {
        set_variable("FAREGATE_CONNECTIONS_MAX", text);
        EXPECT_NE(refusal({}), "accepted") << text;
    }
}

// "0100" passed as a hundred and was then read in base 8, as 64; 01024 stripes became 532, which is
// no power of two, and the server died of an assertion.
TEST_F(SettingsTest, NumbersTakeNoZerosInFront) {
    set_variable("FAREGATE_RATE_LIMIT", "0100");
    EXPECT_NE(refusal({}), "accepted");
    set_variable("FAREGATE_RATE_LIMIT", "0");
    EXPECT_EQ(refusal({}), "accepted");
    set_variable("FAREGATE_STRIPES", "01024");
    EXPECT_NE(refusal({}), "accepted");
}

// One stripe passed the check of the setting, and then ended the server: the engine wants two.
TEST_F(SettingsTest, ThereAreTwoStripesAtLeast) {
    set_variable("FAREGATE_STRIPES", "1");
    EXPECT_NE(refusal({}), "accepted");
    set_variable("FAREGATE_STRIPES", "2");
    EXPECT_EQ(refusal({}), "accepted");
}

TEST_F(SettingsTest, HelpNamesEveryVariableAndDefault) {
    const auto help = command.help();
    for (const CLI::Option* option : command.get_options()) {
        if (option->get_lnames().front() == "help") continue;
        EXPECT_NE(help.find("--" + option->get_lnames().front()), std::string::npos);
        EXPECT_NE(option->get_description().find("(FAREGATE_"), std::string::npos);
    }
    EXPECT_NE(help.find("127.0.0.1:8080"), std::string::npos);
    EXPECT_NE(help.find("67108864"), std::string::npos);
}

TEST_F(SettingsTest, TheManualHasEverySettingAndItsDefault) {
    std::ifstream in("docs/operations.md");
    ASSERT_TRUE(in) << "the test must run in the root of the sources";
    const std::string manual(std::istreambuf_iterator<char>(in), {});
    for (const CLI::Option* option : command.get_options()) {
        const auto name = option->get_lnames().front();
        if (name == "help" || name == "config") continue;
        const auto& description = option->get_description();
        const auto begin = description.find("FAREGATE_");
        const auto variable = description.substr(begin, description.find(')', begin) - begin);
        auto row = "| `" + variable + "` | ";
        if (name == "threads") {
            row += "the processors |";
        } else if (!option->get_default_str().empty()) {
            row += "`" + option->get_default_str() + "` |";
        } else {
            row += "|";
        }
        EXPECT_NE(manual.find(row), std::string::npos) << "docs/operations.md lacks: " << row;
    }
}

TEST_F(SettingsTest, ServingNeedsADatabase) {
    ASSERT_TRUE(resolve({}));
    ASSERT_FALSE(options.require_database());
    EXPECT_NE(
        options.require_database().error().message.find("FAREGATE_DATABASE_URL"), std::string::npos
    );
}

TEST_F(SettingsTest, AFileForTheServerServesTheOtherCommandsToo) {
    CLI::App keys;
    SettingOptions keys_options(keys);
    keys_options.add_database();
    const auto file = write_file("listen = \"0.0.0.0:80\"\ndatabase_url = \"postgresql:///x\"\n");
    keys.parse(std::vector<std::string>{file, "--config"});
    ASSERT_TRUE(keys_options.resolve());
    EXPECT_EQ(keys_options.settings().database_url, "postgresql:///x");
}

TEST(ListenAddress, IsTakenApart) {
    Settings settings;
    settings.listen = "[::1]:9000";
    EXPECT_EQ(listen_address(settings).host, "::1");
    EXPECT_EQ(listen_address(settings).port, 9'000);
    settings.listen = "localhost:0";
    EXPECT_EQ(listen_address(settings).host, "localhost");
    EXPECT_EQ(listen_address(settings).port, 0);
}

TEST(ListenAddress, IsCheckedAsASetting) {
    // A bracket without its partner was cut off with the letter at the other end.
    for (const auto* text :
         {"", "8080", ":8080", "::1:8080", "host:", "host:65536", "host:x", "[host:80", "host]:80",
          "[:80", "[[::1]:80", "[]:80"}) {
        CLI::App app;
        SettingOptions options(app);
        options.add_server();
        EXPECT_THROW(app.parse(std::vector<std::string>{text, "--listen"}), CLI::ParseError)
            << text;
    }
}

}  // namespace
}  // namespace faregate::cli
