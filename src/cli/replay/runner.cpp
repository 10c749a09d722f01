#include "cli/replay/runner.h"

#include <fmt/format.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <csignal>
#include <exception>
#include <functional>
#include <limits>
#include <optional>
#include <vector>

#include "cli/replay/api_client.h"
#include "cli/replay/messages.h"
#include "cli/replay/progress.h"

namespace faregate::cli {

namespace asio = boost::asio;
using std::chrono::steady_clock;

namespace {

/// A replay that fails this often is not going to succeed.
constexpr std::uint64_t errors_max = 100;
constexpr std::size_t error_samples_max = 5;

constexpr unsigned created = 201;
constexpr unsigned ok = 200;
constexpr unsigned payment_required = 402;
constexpr unsigned unauthenticated = 401;
constexpr unsigned forbidden = 403;

Error refused(const std::string& what, const HttpReply& reply) {
    auto message = fmt::format("{}: {}", what, describe(reply));
    const auto code = problem_code(reply);
    if (reply.status == unauthenticated) {
        message += " Pass one with --key.";
    } else if (reply.status == forbidden && code != "wallet_frozen") {
        message += " The replay needs a key with the scope admin.";
    } else if (code == "idempotency_key_reused") {
        message +=
            " An earlier replay used this prefix with other settings: choose another --prefix.";
    }
    return {ErrorCode::invalid_argument, std::move(message)};
}

}  // namespace

class ReplayRunner::Impl {
  public:
    Impl(const ReplayPlan& plan, RunnerOptions options)
        : plan_(plan), options_(std::move(options)), signals_(io_, SIGINT, SIGTERM) {
        for (std::uint32_t i = 0; i < options_.connections; ++i) {
            clients_.push_back(std::make_unique<ApiClient>(
                io_.get_executor(), options_.server, options_.api_key, stopping_
            ));
        }
        report_.asset = plan_.prices().asset;
        report_.scale = plan_.prices().scale;
        report_.rows = plan_.size();
        report_.expected = plan_.expected_total();
    }

    Status prepare() {
        run_all(1, [this](ApiClient& client, std::uint64_t) { return find_server(client); });
        FG_TRY(outcome_of_preparation());
        run_all(1, [this](ApiClient& client, std::uint64_t) { return create_asset(client); });
        FG_TRY(outcome_of_preparation());
        run_all(plan_.wallet_count(), [this](ApiClient& client, std::uint64_t index) {
            return create_wallet(client, index);
        });
        return outcome_of_preparation();
    }

    ReplayReport run() {
        Progress progress(plan_.size(), options_.terminal);
        progress_ = &progress;
        started_ = steady_clock::now();
        run_all(plan_.size(), [this](ApiClient& client, std::uint64_t row) {
            return replay_row(client, row);
        });
        const auto elapsed = steady_clock::now() - started_;
        progress_ = nullptr;
        progress.finish(report_.rows_done);
        report_.duration.microseconds =
            std::chrono::duration_cast<std::chrono::microseconds>(elapsed).count();
        run_all(1, [this](ApiClient& client, std::uint64_t) { return audit(client); });
        for (const auto& client : clients_) report_.retries += client->retries();
        report_.interrupted = interrupted_;
        return std::move(report_);
    }

  private:
    using Task = std::function<asio::awaitable<void>(ApiClient&, std::uint64_t index)>;

    /// Runs the task for 0 to count - 1, as many at a time as there are connections.
    void run_all(std::uint64_t count, const Task& task) {
        next_ = 0;
        io_.restart();
        watch_signals();
        if (progress_ != nullptr) show_progress();
        working_ = clients_.size();
        for (const auto& client : clients_) {
            asio::co_spawn(io_, work(*client, task, count), [this](const std::exception_ptr& bug) {
                if (bug) std::rethrow_exception(bug);
                if (--working_ != 0) return;
                signals_.cancel();
                progress_timer_.cancel();
            });
        }
        io_.run();
    }

    asio::awaitable<void> work(ApiClient& client, const Task& task, std::uint64_t count) {
        while (!stopping_ && next_ < count) {
            const auto index = next_++;
            co_await task(client, index);
        }
    }

    void watch_signals() {
        signals_.async_wait([this](const boost::system::error_code& error, int) {
            if (error) return;
            interrupted_ = true;
            stopping_ = true;
        });
    }

    void show_progress() {
        progress_timer_.expires_after(progress_->interval());
        progress_timer_.async_wait([this](const boost::system::error_code& error) {
            if (error || progress_ == nullptr) return;
            progress_->update(report_.rows_done);
            show_progress();
        });
    }

    Status outcome_of_preparation() {
        if (failure_) return tl::unexpected<Error>(*failure_);
        if (interrupted_) return failure(ErrorCode::unavailable, "interrupted");
        return {};
    }

    /// Preparation ends with the first error.
    void fail(Error error) {
        if (!failure_) failure_ = std::move(error);
        stopping_ = true;
    }

    /// A wrong address is to be told at once, and not after a minute of retries.
    asio::awaitable<void> find_server(ApiClient& client) {
        HttpRequest request;
        request.target = "/healthz";
        const auto reply = co_await client.call_once(std::move(request));
        if (reply) co_return;
        fail(
            {ErrorCode::unavailable,
             reply.error().message + "; start the server, or name another with --url"}
        );
    }

    asio::awaitable<void> create_asset(ApiClient& client) {
        auto request = create_asset_request(plan_);
        const auto reply = co_await client.call(std::move(request));
        if (!reply) co_return fail(reply.error());
        if (reply->status == created) co_return;
        if (problem_code(*reply) != "asset_exists") {
            co_return fail(refused("creating the asset " + plan_.prices().asset, *reply));
        }
        HttpRequest list_request;
        list_request.target = "/v1/assets";
        const auto list = co_await client.call(std::move(list_request));
        if (!list) co_return fail(list.error());
        const auto scale = asset_scale(*list, plan_.prices().asset);
        if (!scale || *scale >= plan_.prices().scale) co_return;
        fail(
            {ErrorCode::already_exists,
             fmt::format(
                 "the asset {} exists with scale {}, and these prices need scale {}; use another "
                 "asset in the price file",
                 plan_.prices().asset, *scale, plan_.prices().scale
             )}
        );
    }

    asio::awaitable<void> create_wallet(ApiClient& client, std::uint64_t index) {
        const auto wallet = plan_.wallet(index);
        auto request = create_wallet_request(wallet);
        const auto reply = co_await client.call(std::move(request));
        if (!reply) co_return fail(reply.error());
        if (reply->status != created && problem_code(*reply) != "wallet_exists") {
            co_return fail(refused("creating the wallet " + wallet, *reply));
        }
        auto grant = grant_request(plan_, wallet, options_.grant_amount);
        const auto granted = co_await client.call(std::move(grant));
        if (!granted) co_return fail(granted.error());
        if (granted->status != created) fail(refused("granting to the wallet " + wallet, *granted));
    }

    asio::awaitable<void> replay_row(ApiClient& client, std::uint64_t row) {
        if (options_.speed != 0) co_await wait_until_due(row);
        if (stopping_) co_return;
        const auto call = plan_.call(row);
        auto request = authorize_request(plan_, call);
        const auto sent = steady_clock::now();
        const auto reply = co_await client.call(std::move(request));
        if (!reply) co_return give_up(reply.error().message);
        report_.authorize.add(microseconds_since(sent));
        report_.replayed += reply->replayed ? 1 : 0;
        const auto id = authorization_id(*reply);
        if (reply->status == created && id) {
            ++report_.approvals;
            co_await settle(client, call, *id);
        } else {
            decline(call, row, *reply);
        }
    }

    void decline(const PlannedCall& call, std::uint64_t row, const HttpReply& reply) {
        const auto code = problem_code(reply);
        if (reply.status != payment_required && code != "wallet_frozen") {
            return error(refused(fmt::format("row {}: authorize", row), reply).message);
        }
        ++report_.declines[code];
        report_.declined += call.capture;
        ++report_.rows_done;
    }

    asio::awaitable<void> settle(
        ApiClient& client, const PlannedCall& call, const std::string& authorization
    ) {
        // A call that cost nothing has nothing to capture.
        auto request = call.capture.is_positive() ? capture_request(plan_, call, authorization)
                                                  : void_request(call, authorization);
        const auto sent = steady_clock::now();
        const auto reply = co_await client.call(std::move(request));
        if (!reply) co_return give_up(reply.error().message);
        report_.capture.add(microseconds_since(sent));
        report_.replayed += reply->replayed ? 1 : 0;
        const auto captured = captured_amount(*reply, report_.asset, report_.scale);
        if (reply->status != ok || !captured) {
            co_return error(refused("capture of " + authorization, *reply).message);
        }
        report_.captured += *captured;
        ++report_.rows_done;
    }

    asio::awaitable<void> audit(ApiClient& client) {
        HttpRequest request;
        request.target = "/v1/audit";
        const auto reply = co_await client.call(std::move(request));
        if (!reply) {
            report_.audit_message = reply.error().message;
            co_return;
        }
        report_.audit_ok = audit_ok(*reply);
        if (!report_.audit_ok) {
            report_.audit_message = "not available: " + describe(*reply);
        } else if (*report_.audit_ok) {
            report_.audit_message = "ok";
        } else {
            report_.audit_message = "NOT OK: " + reply->body;
        }
    }

    asio::awaitable<void> wait_until_due(std::uint64_t row) {
        const auto due =
            std::chrono::microseconds(plan_.arrival(row).microseconds) / options_.speed;
        asio::steady_timer timer(io_);
        while (!stopping_ && steady_clock::now() < started_ + due) {
            // In steps, so that an interrupt does not have to wait for the next call.
            const auto step = steady_clock::now() + std::chrono::milliseconds(200);
            timer.expires_at(std::min<steady_clock::time_point>(started_ + due, step));
            co_await timer.async_wait(asio::use_awaitable);
        }
    }

    static std::uint32_t microseconds_since(steady_clock::time_point start) {
        const auto length = steady_clock::now() - start;
        const auto value = std::chrono::duration_cast<std::chrono::microseconds>(length).count();
        constexpr auto limit = std::numeric_limits<std::uint32_t>::max();
        return value < limit ? static_cast<std::uint32_t>(value) : limit;
    }

    void error(std::string message) {
        ++report_.errors;
        if (report_.error_samples.size() < error_samples_max) {
            report_.error_samples.push_back(std::move(message));
        }
        if (report_.errors >= errors_max) stopping_ = true;
    }

    /// The server has been silent for longer than we wait.
    void give_up(std::string message) {
        stopping_ = true;
        error(std::move(message));
    }

    const ReplayPlan& plan_;
    const RunnerOptions options_;
    asio::io_context io_{1};
    asio::signal_set signals_;
    asio::steady_timer progress_timer_{io_};
    std::vector<std::unique_ptr<ApiClient>> clients_;
    std::uint64_t next_ = 0;
    std::size_t working_ = 0;
    bool stopping_ = false;
    bool interrupted_ = false;
    std::optional<Error> failure_;
    Progress* progress_ = nullptr;
    steady_clock::time_point started_;
    ReplayReport report_;
};

ReplayRunner::ReplayRunner(const ReplayPlan& plan, RunnerOptions options)
    : impl_(std::make_unique<Impl>(plan, std::move(options))) {}
ReplayRunner::~ReplayRunner() = default;

Status ReplayRunner::prepare() { return impl_->prepare(); }
ReplayReport ReplayRunner::run() { return impl_->run(); }

}  // namespace faregate::cli
