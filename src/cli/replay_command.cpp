#include <fmt/format.h>
#include <unistd.h>

#include <memory>
#include <string>

#include "cli/command.h"
#include "cli/exit_code.h"
#include "cli/replay/runner.h"
#include "cli/setting_options.h"
#include "cli/validators.h"
#include "faregate/core/id.h"

namespace faregate::cli {
namespace {

struct ReplayOptions {
    std::string trace;
    std::string url = "http://127.0.0.1:8080";
    std::string key;
    std::string prices = "examples/prices.json";
    std::string prefix = "replay";
    std::string grant = "1000000";
    std::string speed = "as-fast";
    std::uint64_t wallets = 200;
    std::uint32_t connections = 64;
    std::uint32_t max_output = 1'024;
    std::uint64_t limit = 0;
    bool json = false;
};

CLI::Validator speed_text() {
    return CLI::Validator(
        [](std::string& text) {
            if (text == "as-fast" || whole_number(1, 100'000)(text).empty()) return std::string();
            return fmt::format("must be as-fast or a whole number from 1, not \"{}\"", text);
        },
        ""
    );
}

CLI::Validator wallet_prefix() {
    return CLI::Validator(
        [](std::string& text) {
            const bool fits = text.size() <= 64 && WalletId::parse(text);
            return fits ? std::string()
                        : "must be 1 to 64 characters of A-Z a-z 0-9 . _ : @ -, since it begins "
                          "the wallets' ids";
        },
        ""
    );
}

Result<int> replay(const ReplayOptions& options) {
    if (options.key.empty()) {
        return failure(
            ErrorCode::invalid_argument,
            "no API key: pass --key fg_... or set FAREGATE_KEY; faregate keys create --name replay "
            "--scope admin makes one"
        );
    }
    FG_TRY_ASSIGN(auto server, ServerAddress::parse(options.url));
    FG_TRY_ASSIGN(auto prices, read_prices(options.prices));
    FG_TRY_ASSIGN(auto rows, read_trace(options.trace, options.limit));
    ReplayPlan plan(
        std::move(rows), std::move(prices), {options.prefix, options.wallets, options.max_output}
    );
    RunnerOptions run;
    run.server = std::move(server);
    run.api_key = options.key;
    run.connections = options.connections;
    run.grant_amount = options.grant;
    if (options.speed != "as-fast") {
        run.speed = static_cast<std::uint32_t>(std::stoul(options.speed));
    }
    run.terminal = isatty(STDERR_FILENO) != 0;
    ReplayRunner runner(plan, std::move(run));
    FG_TRY(runner.prepare());
    const auto report = runner.run();
    fmt::print("{}", options.json ? to_json(report) : to_text(report));
    return report.ok() ? exit_ok : exit_failure;
}

void add_workload_options(CLI::App& command, ReplayOptions& options) {
    command.add_option("trace", options.trace, "A CSV: TIMESTAMP,ContextTokens,GeneratedTokens")
        ->required()
        ->type_name("TRACE.csv");
    command.add_option("--prices", options.prices, "The price file; rows take its models in turn")
        ->type_name("FILE")
        ->capture_default_str();
    command.add_option("--wallets", options.wallets, "Rows take this many wallets in turn")
        ->check(whole_number(1, 10'000'000))
        ->type_name("N")
        ->capture_default_str();
    command
        .add_option("--max-output", options.max_output, "Output tokens that a call may generate")
        ->check(whole_number(0, 1'000'000'000))
        ->type_name("N")
        ->capture_default_str();
    command.add_option("--grant", options.grant, "What every wallet is granted, once")
        ->type_name("AMOUNT")
        ->capture_default_str();
    command
        .add_option(
            "--prefix", options.prefix, "Begins the ids of wallets and the idempotency keys"
        )
        ->check(wallet_prefix())
        ->type_name("NAME")
        ->capture_default_str();
    command.add_option("--limit", options.limit, "Rows to replay; 0 for all")
        ->check(whole_number(0, 1'000'000'000))
        ->type_name("N")
        ->capture_default_str();
    command
        .add_option("--connections", options.connections, "HTTP connections, and calls at a time")
        ->check(whole_number(1, 10'000))
        ->type_name("N")
        ->capture_default_str();
    command.add_option("--speed", options.speed, "as-fast, or N times as fast as it once happened")
        ->check(speed_text())
        ->type_name("as-fast|N")
        ->capture_default_str();
}

}  // namespace

void add_replay_command(CLI::App& program, Action& action) {
    auto* command = program.add_subcommand(
        "replay",
        "Drive a running server with a trace of model calls: authorize for the prompt and the "
        "allowed output, capture what was generated; exit code 1 if errors remain or the audit is "
        "not clean. An interrupted replay goes on when it is repeated"
    );
    struct Options {
        explicit Options(CLI::App& app) : variables(app) {}
        SettingOptions variables;
        ReplayOptions replay;
    };
    auto options = std::make_shared<Options>(*command);
    auto& values = options->replay;
    options->variables.add_variable("url", values.url, "FAREGATE_URL", "The server");
    options->variables.add_variable(
        "key", values.key, "FAREGATE_KEY", "An API key with the scope admin, fg_..."
    );
    add_workload_options(*command, values);
    command->add_flag("--json", values.json, "Print the summary as JSON");
    command->callback([&action, options] {
        action = [options]() -> Result<int> {
            FG_TRY(options->variables.resolve());
            return replay(options->replay);
        };
    });
}

}  // namespace faregate::cli
