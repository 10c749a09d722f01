#pragma once

#include <cstdint>

#include "cli/settings.h"
#include "faregate/core/result.h"

namespace faregate::cli {

/// Descriptors that are kept for everything but connections: the journal, PostgreSQL, the threads.
std::uint64_t reserved_descriptors(const Settings& settings) noexcept;

/// How many connections there may be where a process may open `descriptors_max` descriptors: as
/// many as were asked for, or what fits beside the reserved ones. An error if that is next to
/// nothing.
Result<std::uint32_t> connections_within(std::uint64_t descriptors_max, const Settings& settings);

/// Raises this process's limit of open descriptors as far as it may, and returns how many
/// connections fit, with a warning if they are fewer than `connections_max`.
Result<std::uint32_t> make_room_for_connections(const Settings& settings);

}  // namespace faregate::cli
