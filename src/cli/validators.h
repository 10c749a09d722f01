#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>
#include <vector>

namespace faregate::cli {

// Checks of settings. Each says what is allowed when it refuses.

CLI::Validator whole_number(std::uint64_t min, std::uint64_t max);
CLI::Validator power_of_two(std::uint64_t min, std::uint64_t max);
CLI::Validator multiple_of(std::uint64_t factor, std::uint64_t min, std::uint64_t max);
CLI::Validator one_of(std::vector<std::string> words);
CLI::Validator listen_text();
/// Turns the words of http::Durability into its numbers.
CLI::Validator durability_word();

}  // namespace faregate::cli
