#pragma once

#include <memory>
#include <string>

#include "faregate/core/time.h"
#include "postgres/pqxx_compat.h"

namespace faregate::postgres {

struct SessionOptions {
    Duration statement_timeout{};  ///< zero: none
    Duration lock_timeout = Duration::seconds(30);
    bool read_only = false;
};

/// Opens a connection whose server side gives up by itself when this machine vanishes, so that no
/// lock outlives its owner by more than a minute. Throws.
std::unique_ptr<pqxx::connection> connect(
    const std::string& database_url, const SessionOptions& options
);

}  // namespace faregate::postgres
