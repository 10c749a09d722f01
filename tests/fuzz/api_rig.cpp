#include "fuzz/api_rig.h"

#include <spdlog/spdlog.h>

#include "support/engine_rig.h"

namespace faregate::fuzz {

namespace {

http::Health health_without_database(ApiRig& rig) {
    http::Health health;
    health.not_ready = [] { return std::vector<std::string>{}; };
    health.owns_database = [] { return true; };
    health.database_reachable = [] { return false; };
    health.owns_database = [] { return true; };
    health.appended_lsn = [&rig] { return rig.log().last(); };
    return health;
}

}  // namespace

ApiRig::ApiRig(http::ServerOptions options) {
    spdlog::set_level(spdlog::level::off);
    options.bootstrap_key = "admin";
    make_engine();
    const auto list_keys = [] { return Result<std::vector<postgres::ApiKey>>(); };
    services_.emplace(
        std::move(options),
        http::Dependencies{
            *engine_, durable_, applied_, queries_, registry_, health_without_database(*this),
            list_keys, nullptr}
    );
    thread_.emplace(*services_);
    // A ring that was stopped does not wait for the database when it sees a key for the first time.
    services_->keys.stop();
    durable_.publish(Lsn{std::uint64_t{1} << 60});
    reset();
}

void ApiRig::make_engine() {
    engine_.reset();
    log_.emplace();
    engine_.emplace(clock, *log_, support::EngineRig::default_options());
}

void ApiRig::reset() {
    make_engine();
    base_.emplace(*engine_, clock);
}

}  // namespace faregate::fuzz
