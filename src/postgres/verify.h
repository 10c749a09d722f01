#pragma once

#include <cstdint>
#include <vector>

#include "faregate/postgres/queries.h"
#include "postgres/pqxx_compat.h"

namespace faregate::postgres {

/// What Queries::verify() does, within a transaction of the caller's. Reads everything.
std::vector<Discrepancy> find_discrepancies(
    pqxx::transaction_base& transaction, std::uint32_t limit
);

}  // namespace faregate::postgres
