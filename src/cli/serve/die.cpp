#include "cli/serve/die.h"

#include <spdlog/spdlog.h>

#include <cstdlib>

namespace faregate::cli {

void die(ExitCode code, const std::string& message) {
    spdlog::critical("{}", message);
    spdlog::default_logger_raw()->flush();
    std::_Exit(code);
}

}  // namespace faregate::cli
