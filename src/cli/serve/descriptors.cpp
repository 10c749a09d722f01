#include "cli/serve/descriptors.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>

#include <algorithm>
#include <limits>

namespace faregate::cli {
namespace {

// Fewer would serve nobody.
constexpr std::uint64_t connections_min = 16;
// Standard streams, the listening socket, journal files that are open at the same time, the keys'
// and the projector's connections, and room for what libraries open for a moment.
constexpr std::uint64_t descriptors_of_process = 64;
// An epoll, an event and a timer descriptor for each, and one that is just being accepted.
constexpr std::uint64_t descriptors_of_thread = 4;
// Its socket, and while it is being made a file of its settings or certificates.
constexpr std::uint64_t descriptors_of_database_connection = 2;

}  // namespace

std::uint64_t reserved_descriptors(const Settings& settings) noexcept {
    return descriptors_of_process + descriptors_of_thread * settings.threads +
           descriptors_of_database_connection * settings.database_connections;
}

Result<std::uint32_t> connections_within(std::uint64_t descriptors_max, const Settings& settings) {
    const std::uint64_t reserved = reserved_descriptors(settings);
    // What was asked for on purpose may be less than that.
    const std::uint64_t least = std::min<std::uint64_t>(connections_min, settings.connections_max);
    if (descriptors_max < reserved + least) {
        return failure(
            ErrorCode::io,
            fmt::format(
                "this process may open {} files and needs {} at least; raise the limit (ulimit -n, "
                "LimitNOFILE= of systemd, --ulimit nofile= of docker)",
                descriptors_max, reserved + least
            )
        );
    }
    const std::uint64_t room = descriptors_max - reserved;
    return static_cast<std::uint32_t>(std::min<std::uint64_t>(room, settings.connections_max));
}

Result<std::uint32_t> make_room_for_connections(const Settings& settings) {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return settings.connections_max;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0) getrlimit(RLIMIT_NOFILE, &limit);
    const std::uint64_t descriptors_max = limit.rlim_cur == RLIM_INFINITY
                                              ? std::numeric_limits<std::uint64_t>::max()
                                              : limit.rlim_cur;
    FG_TRY_ASSIGN(const auto connections, connections_within(descriptors_max, settings));
    if (connections < settings.connections_max) {
        spdlog::warn(
            "connections_max is lowered from {} to {}: this process may open {} files and keeps {} "
            "of them for the journal, PostgreSQL and itself; raise the limit (ulimit -n, "
            "LimitNOFILE= of systemd, --ulimit nofile= of docker)",
            settings.connections_max, connections, descriptors_max, reserved_descriptors(settings)
        );
    }
    return connections;
}

}  // namespace faregate::cli
