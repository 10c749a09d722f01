#include "cli/logging.h"

#include <spdlog/formatter.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <nlohmann/json.hpp>

namespace faregate::cli {
namespace {

/// The library's patterns cannot quote a message, so this does.
class JsonFormatter final : public spdlog::formatter {
  public:
    void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& out) override {
        using nlohmann::ordered_json;
        const auto level = spdlog::level::to_string_view(message.level);
        spdlog::memory_buf_t time;
        time_.format(message, time);
        const ordered_json line = {
            {"time", std::string(time.data(), time.size())},
            {"level", std::string(level.data(), level.size())},
            {"message", std::string(message.payload.data(), message.payload.size())}};
        const auto text = line.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
        out.append(text.data(), text.data() + text.size());
    }
    std::unique_ptr<spdlog::formatter> clone() const override {
        return std::make_unique<JsonFormatter>();
    }

  private:
    spdlog::pattern_formatter time_{"%Y-%m-%dT%H:%M:%S.%fZ", spdlog::pattern_time_type::utc, ""};
};

}  // namespace

void setup_logging(const std::string& level, const std::string& format) {
    auto logger = std::make_shared<spdlog::logger>(
        "faregate", std::make_shared<spdlog::sinks::stderr_sink_mt>()
    );
    if (format == "json") {
        logger->set_formatter(std::make_unique<JsonFormatter>());
    } else {
        logger->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %-8l %v", spdlog::pattern_time_type::utc);
    }
    logger->set_level(spdlog::level::from_str(level));
    logger->flush_on(spdlog::level::info);
    spdlog::set_default_logger(std::move(logger));
}

std::string one_line(std::string_view message) {
    std::string line;
    for (const char letter : message) {
        const bool blank = letter == '\n' || letter == '\r' || letter == '\t' || letter == ' ';
        if (!blank) {
            line += letter;
        } else if (!line.empty() && line.back() != ' ') {
            line += ' ';
        }
    }
    if (line.ends_with(' ')) line.pop_back();
    return line;
}

}  // namespace faregate::cli
