#pragma once

#include <vector>

#include "http/router.h"

namespace faregate::http {

/// All routes of the API.
std::vector<Route> all_routes();

// One function for all routes that are one command; the others have one each.
Task<Reply> run_command(Exchange& exchange);
Task<Reply> update_wallet(Exchange& exchange);
Task<Reply> list_assets(Exchange& exchange);
Task<Reply> list_wallets(Exchange& exchange);
Task<Reply> get_wallet(Exchange& exchange);
Task<Reply> list_grants(Exchange& exchange);
Task<Reply> list_entries(Exchange& exchange);
Task<Reply> get_balances(Exchange& exchange);
Task<Reply> get_authorization(Exchange& exchange);
Task<Reply> run_batch(Exchange& exchange);
Task<Reply> get_audit(Exchange& exchange);
Task<Reply> get_health(Exchange& exchange);
Task<Reply> get_readiness(Exchange& exchange);
Task<Reply> get_metrics(Exchange& exchange);
Task<Reply> get_openapi(Exchange& exchange);

}  // namespace faregate::http
