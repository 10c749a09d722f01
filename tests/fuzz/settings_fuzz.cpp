// The settings of a server: a TOML file, the environment and flags. Any text is refused with a
// message or read; what is read keeps within what the rest of the program relies on, and a number
// means what it says.
//
// The input is three texts between lines of `---`: the file, lines NAME=VALUE, and one argument a
// line.

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <map>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "cli/setting_options.h"
#include "faregate/core/assert.h"

namespace faregate::cli {
namespace {

using Variables = std::map<std::string, std::string>;

struct Input {
    std::string file;
    Variables variables;
    std::vector<std::string> arguments;
};

std::string take(std::string& text, std::string_view until) {
    const std::size_t end = text.find(until);
    std::string taken = text.substr(0, end);
    text.erase(0, end == std::string::npos ? end : end + until.size());
    return taken;
}

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) {
        if (!line.empty()) lines.push_back(line);
    }
    return lines;
}

Input read_input(std::string text) {
    Input input;
    input.file = take(text, "\n---\n");
    for (std::string line : lines_of(take(text, "\n---\n"))) {
        const std::string name = take(line, "=");
        const bool ours = name.starts_with("FAREGATE_") && name != "FAREGATE_CONFIG";
        // The environment holds texts that end in a zero byte.
        if (ours) input.variables[name] = line.substr(0, line.find('\0'));
    }
    input.arguments = lines_of(text);
    // No other files than the one of the input.
    std::erase_if(input.arguments, [](const std::string& argument) {
        return argument.starts_with("--config");
    });
    return input;
}

/// A file without a name on any disk.
class File {
  public:
    File() : descriptor_(memfd_create("settings", 0)) {
        FG_ASSERT(descriptor_ >= 0, "there is memory for a file");
    }
    std::string write(const std::string& text) const {
        const bool written =
            ftruncate(descriptor_, 0) == 0 &&
            pwrite(descriptor_, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size());
        FG_ASSERT(written, "there is memory for a file");
        return "/proc/self/fd/" + std::to_string(descriptor_);
    }

  private:
    int descriptor_;
};

struct Outcome {
    std::string refusal;  ///< empty if there was none
    Settings settings;
};

Outcome resolve(const Input& input) {
    static const File file;
    CLI::App command;
    SettingOptions options(command);
    options.add_server();
    std::vector<std::string> arguments(input.arguments.rbegin(), input.arguments.rend());
    if (!input.file.empty()) {
        arguments.push_back(file.write(input.file));
        arguments.push_back("--config");
    }
    for (const auto& [name, value] : input.variables) setenv(name.c_str(), value.c_str(), 1);
    Outcome outcome;
    try {
        command.parse(arguments);
        const Status status = options.resolve();
        if (!status) outcome.refusal = status.error().message;
        FG_ASSERT(status || !outcome.refusal.empty(), "a refusal says why");
    } catch (const CLI::ParseError& error) {
        outcome.refusal = std::string("flags: ") + error.what();
    }
    for (const auto& entry : input.variables) unsetenv(entry.first.c_str());
    outcome.settings = options.settings();
    return outcome;
}

template <typename Number>
bool is_within(Number value, std::uint64_t min, std::uint64_t max) {
    return value >= min && value <= max;
}

void check_ranges(const Settings& settings) {
    constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20;
    const ListenAddress address = listen_address(settings);
    FG_ASSERT(!address.host.empty(), "a server listens somewhere");
    const bool bare = address.host.find_first_of("[]") == std::string::npos;
    FG_ASSERT(bare, "an address has no brackets");
    FG_ASSERT(settings.listen.find(address.host) <= 1, "and is the whole of what was said");
    FG_ASSERT(is_within(settings.stripes, 2, 65'536), "what the engine takes");
    FG_ASSERT(std::has_single_bit(settings.stripes), "what the engine takes");
    FG_ASSERT(is_within(settings.threads, 1, 1'024), "there are threads");
    FG_ASSERT(is_within(settings.database_connections, 1, 256), "there are connections");
    FG_ASSERT(is_within(settings.retention_seconds, 1, 31'536'000), "times add up");
    FG_ASSERT(is_within(settings.body_bytes_max, 1'024, 64 * mebibyte), "a body has a limit");
    FG_ASSERT(is_within(settings.connections_max, 1, 1'000'000), "there are connections");
    const bool whole = settings.journal_file_bytes % 512 == 0;
    FG_ASSERT(whole && settings.journal_file_bytes >= 16 * mebibyte, "what the journal takes");
    FG_ASSERT(settings.journal_queue_bytes >= 8 * mebibyte, "what the journal takes");
    for (const std::uint32_t seconds :
         {settings.durability_timeout_seconds, settings.header_timeout_seconds,
          settings.body_timeout_seconds, settings.shutdown_timeout_seconds}) {
        FG_ASSERT(is_within(seconds, 1, 3'600), "milliseconds fit");
    }
    FG_ASSERT(is_within(settings.idle_timeout_seconds, 1, 86'400), "milliseconds fit");
}

/// A variable that was accepted is the number that it looks like.
void check_numbers(const Variables& variables, const Settings& settings) {
    const std::map<std::string, std::uint64_t> numbers{
        {"FAREGATE_THREADS", settings.threads},
        {"FAREGATE_STRIPES", settings.stripes},
        {"FAREGATE_RATE_LIMIT", settings.rate_limit},
        {"FAREGATE_RETENTION_SECONDS", settings.retention_seconds},
        {"FAREGATE_JOURNAL_FILE_BYTES", settings.journal_file_bytes},
        {"FAREGATE_JOURNAL_BACKLOG_MAX", settings.journal_backlog_max},
        {"FAREGATE_JOURNAL_KEEP_HOURS", settings.journal_keep_hours},
        {"FAREGATE_BODY_BYTES_MAX", settings.body_bytes_max},
    };
    for (const auto& [name, value] : variables) {
        const auto found = numbers.find(name);
        if (found == numbers.end() || value.empty()) continue;
        FG_ASSERT(value == std::to_string(found->second), "a number means what it says");
    }
}

}  // namespace
}  // namespace faregate::cli

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace faregate::cli;
    const Input input = read_input({reinterpret_cast<const char*>(data), size});
    const Outcome outcome = resolve(input);
    FG_ASSERT(outcome.refusal == resolve(input).refusal, "the same settings have the same fault");
    if (!outcome.refusal.empty()) return 0;
    check_ranges(outcome.settings);
    if (input.arguments.empty()) check_numbers(input.variables, outcome.settings);
    return 0;
}
