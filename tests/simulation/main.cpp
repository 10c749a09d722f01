// faregate_simulation: see docs/testing.md.
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <random>

#include "simulation/episode.h"

namespace faregate::simulation {
namespace {

struct Options {
    std::uint64_t seed = 0;
    std::uint64_t episodes = 0;
    std::uint64_t operations = 1'000'000;
    std::uint64_t episode_operations = 5'000;
    bool lenient = false;
    bool verbose = false;
};

/// Returns what is wrong, or nothing.
std::string run_episode(std::uint64_t seed, std::uint64_t operations, Tally& tally) {
    try {
        Episode(seed, tally).run(operations);
    } catch (const Violation& violation) {
        return violation.what();
    }
    return {};
}

int run(const Options& options) {
    Tally tally;
    tally.verbose = options.verbose;
    Episode::expect_everything(tally);
    const std::uint64_t episodes = options.episodes != 0
                                       ? options.episodes
                                       : (options.operations - 1) / options.episode_operations + 1;
    fmt::print(
        "{} episodes of {} operations from seed {}\n", episodes, options.episode_operations,
        options.seed
    );
    auto printed = std::chrono::steady_clock::now();
    for (std::uint64_t i = 0; i < episodes; ++i) {
        const std::uint64_t seed = options.seed + i;
        const std::string wrong = run_episode(seed, options.episode_operations, tally);
        if (!wrong.empty()) {
            fmt::print(
                "VIOLATION with seed {}: {}\nRepeat it: faregate_simulation --seed {} --episodes 1 "
                "--episode-operations {}\n",
                seed, wrong, seed, options.episode_operations
            );
            return 1;
        }
        const auto now = std::chrono::steady_clock::now();
        if (now - printed > std::chrono::seconds(10)) {
            printed = now;
            fmt::print("{} of {} episodes\n", i + 1, episodes);
            std::fflush(stdout);
        }
    }
    bool complete = true;
    for (const auto& [name, count] : tally.counts()) {
        fmt::print("{:>12}  {}\n", count, name);
        complete = complete && count > 0;
    }
    if (!complete && !options.lenient) fmt::print("Something never happened: see the zeros.\n");
    return complete || options.lenient ? 0 : 1;
}

}  // namespace
}  // namespace faregate::simulation

int main(int argc, char** argv) {
    faregate::simulation::Options options;
    options.seed = std::random_device{}();
    CLI::App app{
        "Runs servers, clients and every kind of fault in one thread under one seed, and compares "
        "each answer and each recovery with a naive model."};
    app.add_option("--seed", options.seed, "of the first episode; random by default");
    app.add_option("--operations", options.operations, "to run altogether, in episodes");
    app.add_option("--episodes", options.episodes, "to run, instead of --operations");
    app.add_option("--episode-operations", options.episode_operations, "of each episode");
    app.add_flag("--verbose", options.verbose, "print everything that happens");
    app.add_flag("--lenient", options.lenient, "things that never happened are no failure");
    CLI11_PARSE(app, argc, argv);
    spdlog::set_level(spdlog::level::off);
    return faregate::simulation::run(options);
}
