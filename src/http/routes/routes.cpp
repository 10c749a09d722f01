#include "http/routes/routes.h"

#include "http/routes/operations.h"

namespace faregate::http {

std::vector<Route> all_routes() {
    using enum Method;
    return {
        {post, "/v1/authorize", "authorize", run_command, &authorize_operation},
        {post, "/v1/authorizations/{id}/capture", "capture", run_command, &capture_operation},
        {post, "/v1/debits", "debit", run_command, &debit_operation},
        {post, "/v1/authorizations/{id}/void", "void", run_command, &void_operation},
        {post, "/v1/authorizations/{id}/increment", "increment", run_command, &increment_operation},
        {get, "/v1/authorizations/{id}", "get_authorization", get_authorization, nullptr},
        {post, "/v1/batch", "batch", run_batch, nullptr},
        {post, "/v1/assets", "create_asset", run_command, &create_asset_operation},
        {get, "/v1/assets", "list_assets", list_assets, nullptr},
        {post, "/v1/wallets", "create_wallet", run_command, &create_wallet_operation},
        {get, "/v1/wallets", "list_wallets", list_wallets, nullptr},
        {get, "/v1/wallets/{id}", "get_wallet", get_wallet, nullptr},
        {patch, "/v1/wallets/{id}", "update_wallet", update_wallet, &update_wallet_operation},
        {post, "/v1/wallets/{id}/grants", "grant", run_command, &grant_operation},
        {get, "/v1/wallets/{id}/grants", "list_grants", list_grants, nullptr},
        {get, "/v1/wallets/{id}/entries", "list_entries", list_entries, nullptr},
        {get, "/v1/wallets/{id}/balances", "get_balances", get_balances, nullptr},
        {post, "/v1/grants/{id}/revoke", "revoke_grant", run_command, &revoke_grant_operation},
        {get, "/v1/audit", "audit", get_audit, nullptr},
        {get, "/healthz", "healthz", get_health, nullptr},
        {get, "/readyz", "readyz", get_readiness, nullptr},
        {get, "/metrics", "metrics", get_metrics, nullptr},
        {get, "/openapi.yaml", "openapi", get_openapi, nullptr},
    };
}

}  // namespace faregate::http
