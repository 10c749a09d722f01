#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "cli/settings.h"
#include "faregate/core/result.h"

namespace faregate::cli {

/// The settings that one command takes. Construct it with the command, then add groups; resolve()
/// after parsing. A flag wins over an environment variable, and that over the configuration file.
class SettingOptions {
  public:
    /// `command` must outlive this object. The first group adds --config.
    explicit SettingOptions(CLI::App& command) : command_(command) {}

    void add_database();
    void add_data_dir();
    void add_logging();
    /// All of the above and everything else.
    void add_server();
    /// A secret or address that is no server setting, and so has no line in the file.
    void add_variable(
        const std::string& flag, std::string& value, const std::string& variable,
        const std::string& description
    );

    /// Fills in what was not given as a flag. Errors are `invalid_argument`, name the variable or
    /// the line of the file, and say what is allowed.
    Status resolve();
    /// An error that says how to set the database, unless it is set.
    Status require_database() const;

    const Settings& settings() const noexcept { return settings_; }

  private:
    struct Entry {
        CLI::Option* option;
        std::string variable;
        std::string line;  ///< its name in the configuration file; empty if it has none
    };
    template <typename T>
    CLI::Option* add(const std::string& name, T& value, const std::string& description);
    void add_config_file();
    void add_journal();
    void add_limits();
    Status read_variables();
    Status read_file();

    CLI::App& command_;
    Settings settings_;
    CLI::Option* config_option_ = nullptr;
    std::string config_path_;
    std::vector<Entry> entries_;
};

}  // namespace faregate::cli
