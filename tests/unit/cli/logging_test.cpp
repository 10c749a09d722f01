#include "cli/logging.h"

#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

namespace faregate::cli {
namespace {

/// What is logged on standard error.
std::string logged(const std::string& level, const std::string& format) {
    testing::internal::CaptureStderr();
    setup_logging(level, format);
    spdlog::info("a \"quoted\"\nmessage \xff");
    spdlog::warn("a warning");
    spdlog::default_logger()->flush();
    return testing::internal::GetCapturedStderr();
}

TEST(Logging, JsonIsOneObjectALine) {
    const auto text = logged("info", "json");
    std::istringstream lines(text);
    std::string line;
    ASSERT_TRUE(std::getline(lines, line));
    const auto first = nlohmann::json::parse(line);
    EXPECT_EQ(first["level"], "info");
    EXPECT_EQ(first["message"], "a \"quoted\"\nmessage \xef\xbf\xbd");
    EXPECT_EQ(first["time"].get<std::string>().back(), 'Z');
    ASSERT_TRUE(std::getline(lines, line));
    EXPECT_EQ(nlohmann::json::parse(line)["level"], "warning");
    EXPECT_FALSE(std::getline(lines, line));
}

TEST(Logging, TextHasTimeAndLevelBeforeTheMessage) {
    const auto text = logged("warning", "text");
    EXPECT_EQ(text.find("quoted"), std::string::npos);
    EXPECT_EQ(text.substr(23), "Z warning  a warning\n");
}

TEST(Logging, OneLineFoldsBlanks) {
    EXPECT_EQ(
        one_line("  failed:\n\tis the server\r\n running?\n"), "failed: is the server running?"
    );
    EXPECT_EQ(one_line(""), "");
}

}  // namespace
}  // namespace faregate::cli
