#pragma once

namespace faregate::cli {

/// How a command ends; docs/operations.md lists them for people.
enum ExitCode : int {
    exit_ok = 0,
    exit_failure = 1,  ///< it could not be done, or what was checked is not in order
    exit_usage = 2,    ///< a wrong flag, variable or file
    exit_fenced = 3,   ///< another server has taken over
    exit_broken = 4,   ///< the journal or the projection contradicts itself
    exit_disk = 5,     ///< the journal could not be written
};

}  // namespace faregate::cli
