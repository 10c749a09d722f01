#pragma once

#include <optional>
#include <string>

#include "cli/replay/http_connection.h"
#include "cli/replay/plan.h"

namespace faregate::cli {

// The API's requests and replies, as far as a replay needs them.

HttpRequest create_asset_request(const ReplayPlan& plan);
HttpRequest create_wallet_request(const std::string& wallet);
HttpRequest grant_request(
    const ReplayPlan& plan, const std::string& wallet, const std::string& amount
);
HttpRequest authorize_request(const ReplayPlan& plan, const PlannedCall& call);
HttpRequest capture_request(
    const ReplayPlan& plan, const PlannedCall& call, const std::string& authorization
);
HttpRequest void_request(const PlannedCall& call, const std::string& authorization);

/// The `code` of a problem; empty if the reply is none.
std::string problem_code(const HttpReply& reply);
/// "422 idempotency_key_reused: ..." for people.
std::string describe(const HttpReply& reply);

std::optional<std::string> authorization_id(const HttpReply& reply);
/// Everything that the authorization has captured of the asset so far.
std::optional<Amount> captured_amount(
    const HttpReply& reply, const std::string& asset, Scale scale
);
/// The scale of the asset in a list of assets.
std::optional<Scale> asset_scale(const HttpReply& reply, const std::string& asset);
/// GET /v1/audit's verdict.
std::optional<bool> audit_ok(const HttpReply& reply);

}  // namespace faregate::cli
