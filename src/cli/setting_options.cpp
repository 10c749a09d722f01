#include "cli/setting_options.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <optional>

#include "cli/validators.h"

namespace faregate::cli {
namespace {

constexpr std::uint32_t seconds_per_day = 86'400;
constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20;
constexpr std::uint64_t gibibyte = std::uint64_t{1} << 30;

tl::unexpected<Error> refuse(std::string message) {
    return failure(ErrorCode::invalid_argument, std::move(message));
}

std::string to_line(std::string flag) {
    std::replace(flag.begin(), flag.end(), '-', '_');
    return flag;
}

std::string to_variable(const std::string& flag) {
    auto name = "FAREGATE_" + to_line(flag);
    for (char& letter : name) {
        letter = static_cast<char>(std::toupper(static_cast<unsigned char>(letter)));
    }
    return name;
}

/// An empty variable is an unset one, as with the shell's own `${NAME:-default}`.
std::optional<std::string> variable_value(const std::string& name) {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr || *value == '\0') return std::nullopt;
    return value;
}

Status set(CLI::Option& option, const std::string& value, const std::string& origin) {
    try {
        option.add_result(value);
        option.run_callback();
    } catch (const CLI::Error& error) {
        // The message begins with the flag, and that is not what was set.
        std::string_view message = error.what();
        const auto prefix = option.get_name() + ": ";
        if (message.starts_with(prefix)) message.remove_prefix(prefix.size());
        return refuse(fmt::format("{}: {}", origin, message));
    }
    return {};
}

std::optional<std::string> text_of(const toml::node& node) {
    if (const auto* text = node.as_string()) return text->get();
    if (const auto* number = node.as_integer()) return std::to_string(number->get());
    return std::nullopt;
}

/// The library throws; the project does not.
Result<toml::table> parse_file(const std::string& path) {
    try {
        return toml::parse_file(path);
    } catch (const toml::parse_error& error) {
        const auto line = error.source().begin.line;
        return refuse(
            line == 0 ? fmt::format("{}: {}", path, error.description())
                      : fmt::format("{}:{}: {}", path, line, error.description())
        );
    }
}

/// The names of all settings, whatever command reads the file.
std::vector<std::string> known_lines() {
    CLI::App app;
    SettingOptions all(app);
    all.add_server();
    std::vector<std::string> lines;
    for (const CLI::Option* option : app.get_options()) {
        if (!option->get_lnames().empty()) lines.push_back(to_line(option->get_lnames().front()));
    }
    std::erase(lines, "help");
    std::erase(lines, "config");
    return lines;
}

}  // namespace

void SettingOptions::add_config_file() {
    config_option_ = command_.add_option(
        "--config", config_path_, "Read settings from this TOML file (FAREGATE_CONFIG)"
    );
    config_option_->type_name("FILE");
}

template <typename T>
CLI::Option* SettingOptions::add(
    const std::string& name, T& value, const std::string& description
) {
    if (config_option_ == nullptr) add_config_file();
    const auto variable = to_variable(name);
    CLI::Option* option =
        command_.add_option("--" + name, value, fmt::format("{} ({})", description, variable));
    option->capture_default_str();
    entries_.push_back({option, variable, to_line(name)});
    return option;
}

void SettingOptions::add_variable(
    const std::string& flag, std::string& value, const std::string& variable,
    const std::string& description
) {
    CLI::Option* option =
        command_.add_option("--" + flag, value, fmt::format("{} ({})", description, variable));
    option->capture_default_str()->type_name("TEXT");
    entries_.push_back({option, variable, ""});
}

void SettingOptions::add_database() {
    add("database-url", settings_.database_url,
        "PostgreSQL: postgresql://user:password@host/database, or key=value words")
        ->type_name("URL");
}

void SettingOptions::add_data_dir() {
    add("data-dir", settings_.data_dir, "The directory of the journal")->type_name("DIR");
}

void SettingOptions::add_logging() {
    add("log-level", settings_.log_level, "trace, debug, info, warning or error")
        ->check(one_of({"trace", "debug", "info", "warning", "error"}))
        ->type_name("LEVEL");
    add("log-format", settings_.log_format, "text or json, one object a line")
        ->check(one_of({"text", "json"}))
        ->type_name("FORMAT");
}

void SettingOptions::add_server() {
    add("listen", settings_.listen, "The address to serve HTTP on; port 0 takes any free one")
        ->check(listen_text())
        ->type_name("HOST:PORT");
    add_database();
    add("database-connections", settings_.database_connections,
        "Connections that answer queries; the projector has one of its own")
        ->check(whole_number(1, 256))
        ->type_name("N");
    add_data_dir();
    add("bootstrap-key", settings_.bootstrap_key, "A secret that is an admin key, for development")
        ->type_name("SECRET");
    add("threads", settings_.threads, "I/O threads; requests are decided on them")
        ->check(whole_number(1, 1'024))
        ->type_name("N");
    add("stripes", settings_.stripes, "Locks that the wallets are spread over")
        ->check(power_of_two(2, 65'536))
        ->type_name("N");
    add("retention-seconds", settings_.retention_seconds,
        "How long idempotency keys and closed authorizations are kept in memory")
        ->check(whole_number(1, 365 * seconds_per_day))
        ->type_name("N");
    add("answer-memory-bytes", settings_.answer_memory_bytes,
        "Memory for answers under idempotency keys; older ones are read from PostgreSQL")
        ->check(whole_number(0, 64 * gibibyte))
        ->type_name("N");
    add_journal();
    add_limits();
    add_logging();
}

void SettingOptions::add_journal() {
    add("durability", settings_.durability,
        "What a reply waits for at least: journal (the local disk) or postgres (committed)")
        ->transform(durability_word())
        ->default_str("journal")
        ->type_name("LEVEL");
    add("durability-timeout-seconds", settings_.durability_timeout_seconds,
        "How long a reply waits for PostgreSQL")
        ->check(whole_number(1, 3'600))
        ->type_name("N");
    add("journal-file-bytes", settings_.journal_file_bytes, "The size of new journal files")
        ->check(multiple_of(512, 16 * mebibyte, 16 * gibibyte))
        ->type_name("N");
    add("journal-queue-bytes", settings_.journal_queue_bytes,
        "What may wait for the disk before requests are refused with 503")
        ->check(whole_number(8 * mebibyte, 4 * gibibyte))
        ->type_name("N");
    add("journal-backlog-max", settings_.journal_backlog_max,
        "Records that PostgreSQL may lack before requests are refused with 503")
        ->check(whole_number(1, 1'000'000'000'000))
        ->type_name("N");
    add("journal-keep-hours", settings_.journal_keep_hours,
        "How long journal files are kept after PostgreSQL has their records")
        ->check(whole_number(0, 24 * 365))
        ->type_name("N");
}

void SettingOptions::add_limits() {
    add("rate-limit", settings_.rate_limit, "Requests per second of one key; 0 for no limit")
        ->check(whole_number(0, 10'000'000))
        ->type_name("N");
    add("connections-max", settings_.connections_max, "HTTP connections at a time")
        ->check(whole_number(1, 1'000'000))
        ->type_name("N");
    add("body-bytes-max", settings_.body_bytes_max, "The largest request body")
        ->check(whole_number(1'024, 64 * mebibyte))
        ->type_name("N");
    add("request-memory-bytes", settings_.request_memory_bytes,
        "What large requests and answers may hold together before they are refused with 503")
        ->check(whole_number(mebibyte, 1'024 * gibibyte))
        ->type_name("N");
    add("header-timeout-seconds", settings_.header_timeout_seconds,
        "From the first byte of a request to the end of its headers")
        ->check(whole_number(1, 3'600))
        ->type_name("N");
    add("body-timeout-seconds", settings_.body_timeout_seconds, "For a request's body to arrive")
        ->check(whole_number(1, 3'600))
        ->type_name("N");
    add("idle-timeout-seconds", settings_.idle_timeout_seconds,
        "Between two requests of one connection")
        ->check(whole_number(1, 86'400))
        ->type_name("N");
    add("write-timeout-seconds", settings_.write_timeout_seconds,
        "For a client to take the whole of one answer")
        ->check(whole_number(1, 3'600))
        ->type_name("N");
    add("shutdown-timeout-seconds", settings_.shutdown_timeout_seconds,
        "How long SIGTERM lets requests finish and PostgreSQL catch up")
        ->check(whole_number(1, 3'600))
        ->type_name("N");
}

Status SettingOptions::resolve() {
    FG_TRY(read_variables());
    if (config_option_ == nullptr) return {};
    if (config_path_.empty()) config_path_ = variable_value("FAREGATE_CONFIG").value_or("");
    return config_path_.empty() ? Status() : read_file();
}

Status SettingOptions::read_variables() {
    for (const Entry& entry : entries_) {
        if (entry.option->count() != 0) continue;
        const auto value = variable_value(entry.variable);
        if (value) FG_TRY(set(*entry.option, *value, entry.variable));
    }
    return {};
}

Status SettingOptions::read_file() {
    FG_TRY_ASSIGN(const auto table, parse_file(config_path_));
    const auto known = known_lines();
    for (const auto& [key, node] : table) {
        const std::string name(key.str());
        const auto where = fmt::format("{}:{}: {}", config_path_, key.source().begin.line, name);
        if (std::find(known.begin(), known.end(), name) == known.end()) {
            return refuse(where + " is not a setting; faregate serve --help lists them");
        }
        const auto value = text_of(node);
        if (!value) return refuse(where + " must be a string or a whole number");
        for (const Entry& entry : entries_) {
            // Set by a flag or a variable, or not a setting of this command: only known.
            if (entry.line != name || entry.option->count() != 0) continue;
            FG_TRY(set(*entry.option, *value, where));
        }
    }
    return {};
}

Status SettingOptions::require_database() const {
    if (!settings_.database_url.empty()) return {};
    return refuse(
        "no database: set FAREGATE_DATABASE_URL or --database-url, for example "
        "postgresql://localhost/faregate"
    );
}

ListenAddress listen_address(const Settings& settings) {
    const auto colon = settings.listen.rfind(':');
    auto host = settings.listen.substr(0, colon);
    if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
    return {host, static_cast<std::uint16_t>(std::stoul(settings.listen.substr(colon + 1)))};
}

}  // namespace faregate::cli
