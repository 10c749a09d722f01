#include "cli/replay/messages.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace faregate::cli {
namespace {

using nlohmann::json;

HttpRequest post(std::string target, const json& body, std::string key) {
    return {HttpRequest::Method::post, std::move(target), body.dump(), std::move(key)};
}

/// Null if the body is not a JSON object.
json object_of(const HttpReply& reply) {
    auto body = json::parse(reply.body, nullptr, false);
    return body.is_object() ? body : json();
}

std::string text_member(const json& object, const char* name) {
    if (!object.is_object()) return {};
    const auto found = object.find(name);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

/// The elements of a list in a member; empty if there is none.
json list_member(const json& object, const char* name) {
    if (!object.is_object()) return json::array();
    const auto found = object.find(name);
    return found != object.end() && found->is_array() ? *found : json::array();
}

}  // namespace

HttpRequest create_asset_request(const ReplayPlan& plan) {
    const auto& prices = plan.prices();
    return post(
        "/v1/assets", {{"code", prices.asset}, {"scale", prices.scale}},
        fmt::format("{}-asset-{}", plan.settings().prefix, prices.asset)
    );
}

HttpRequest create_wallet_request(const std::string& wallet) {
    return post("/v1/wallets", {{"id", wallet}}, wallet + "-wallet");
}

HttpRequest grant_request(
    const ReplayPlan& plan, const std::string& wallet, const std::string& amount
) {
    return post(
        fmt::format("/v1/wallets/{}/grants", wallet),
        {{"asset", plan.prices().asset}, {"amount", amount}}, wallet + "-grant"
    );
}

HttpRequest authorize_request(const ReplayPlan& plan, const PlannedCall& call) {
    const auto& prices = plan.prices();
    return post(
        "/v1/authorize",
        {{"wallet", call.wallet},
         {"asset", prices.asset},
         {"amount", call.authorize.to_string(prices.scale)},
         {"description", call.model->model}},
        call.authorize_key
    );
}

HttpRequest capture_request(
    const ReplayPlan& plan, const PlannedCall& call, const std::string& authorization
) {
    return post(
        fmt::format("/v1/authorizations/{}/capture", authorization),
        {{"amount", call.capture.to_string(plan.prices().scale)}}, call.capture_key
    );
}

HttpRequest void_request(const PlannedCall& call, const std::string& authorization) {
    return post(
        fmt::format("/v1/authorizations/{}/void", authorization), json::object(), call.capture_key
    );
}

std::string problem_code(const HttpReply& reply) { return text_member(object_of(reply), "code"); }

std::string describe(const HttpReply& reply) {
    const auto body = object_of(reply);
    const auto code = text_member(body, "code");
    auto detail = text_member(body, "detail");
    if (detail.empty()) detail = text_member(body, "title");
    if (code.empty()) return fmt::format("{} {}", reply.status, reply.body.substr(0, 200));
    return fmt::format("{} {}: {}", reply.status, code, detail);
}

std::optional<std::string> authorization_id(const HttpReply& reply) {
    auto id = text_member(object_of(reply), "id");
    if (id.empty()) return std::nullopt;
    return id;
}

std::optional<Amount> captured_amount(
    const HttpReply& reply, const std::string& asset, Scale scale
) {
    for (const auto& line : list_member(object_of(reply), "amounts")) {
        if (text_member(line, "asset") != asset) continue;
        const auto amount = Amount::parse(text_member(line, "captured"), scale);
        if (amount) return *amount;
    }
    return std::nullopt;
}

std::optional<Scale> asset_scale(const HttpReply& reply, const std::string& asset) {
    for (const auto& entry : list_member(object_of(reply), "data")) {
        if (text_member(entry, "code") != asset) continue;
        const auto scale = entry.find("scale");
        if (scale != entry.end() && scale->is_number_unsigned()) return scale->get<Scale>();
    }
    return std::nullopt;
}

std::optional<bool> audit_ok(const HttpReply& reply) {
    const auto body = object_of(reply);
    if (!body.is_object()) return std::nullopt;
    const auto found = body.find("ok");
    if (found == body.end() || !found->is_boolean()) return std::nullopt;
    return found->get<bool>();
}

}  // namespace faregate::cli
