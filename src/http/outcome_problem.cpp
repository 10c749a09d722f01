#include "http/outcome_problem.h"

#include <fmt/format.h>

#include <algorithm>

#include "faregate/core/assert.h"
#include "http/render.h"

namespace faregate::http {
namespace {

using ledger::Outcome;
using ledger::ReceiptLine;

/// An asset as it can be named in a sentence; the only one of an authorization has no name.
std::string the_amount(const std::string& asset) {
    return asset.empty() ? "The amount" : "The amount of " + quoted(asset);
}

const ReceiptLine* first_short(const engine::Execution& done) {
    const auto& lines = done.receipt.lines;
    const auto found = std::find_if(lines.begin(), lines.end(), [](const ReceiptLine& line) {
        return line.shortfall.is_positive();
    });
    return found == lines.end() ? nullptr : &*found;
}

/// Adds asset, requested, available and shortfall of the first line that lacks something, and all
/// such lines as `amounts`.
Problem with_funds(Problem problem, const engine::Execution& done) {
    const ReceiptLine* line = first_short(done);
    if (line == nullptr) return problem;
    return std::move(problem)
        .with("asset", asset_of(done, line->asset).code)
        .with("requested", amount_text(done, *line, line->requested))
        .with("available", amount_text(done, *line, line->available))
        .with("shortfall", amount_text(done, *line, line->shortfall))
        .with_raw("amounts", funds_lines(done, true));
}

std::string short_sentence(const engine::Execution& done) {
    const ReceiptLine* line = first_short(done);
    if (line == nullptr) return "The wallet has too little available.";
    return fmt::format(
        "{} {} is available and {} was requested: {} is missing. Add a grant, or ask for less.",
        amount_text(done, *line, line->available), asset_of(done, line->asset).code,
        amount_text(done, *line, line->requested), amount_text(done, *line, line->shortfall)
    );
}

Problem about_asset(Outcome outcome, const std::string& detail, const std::string& asset) {
    Problem problem(outcome, detail);
    if (asset.empty()) return problem;
    return std::move(problem).with("asset", asset);
}

Problem about_funds(const engine::Execution& done) {
    switch (done.receipt.outcome) {
        case Outcome::balance_too_large:
            return Problem(
                Outcome::balance_too_large,
                "An account's balance, holds and credit line may not exceed 10^31 of the asset's "
                "smallest unit."
            );
        case Outcome::overdraft_in_use:
            return with_funds(
                Problem(
                    Outcome::overdraft_in_use,
                    "The wallet has drawn more than the new overdraft limit. Let it be paid back "
                    "with a grant first."
                ),
                done
            );
        case Outcome::capture_exceeds_hold:
            return with_funds(
                Problem(
                    Outcome::capture_exceeds_hold,
                    "The capture is larger than what the authorization holds, and the wallet's "
                    "over_capture policy is \"reject\". Capture less, or increment the "
                    "authorization first."
                ),
                done
            );
        default:
            break;
    }
    return with_funds(Problem(Outcome::insufficient_funds, short_sentence(done)), done);
}

}  // namespace

Problem not_found(Outcome outcome, std::string_view target) {
    const std::string name = quoted(target);
    if (outcome == Outcome::wallet_not_found) {
        return Problem(
            outcome, "There is no wallet " + name + ". Create it with POST /v1/wallets first."
        );
    }
    const char* what = outcome == Outcome::grant_not_found ? "grant" : "authorization";
    return Problem(outcome, fmt::format("There is no {} {}. Check the id.", what, name));
}

Problem authorization_state(std::string_view status) {
    std::string detail = fmt::format(
        "The authorization is {} and cannot be changed any more. Make a new one.", status
    );
    return Problem(Outcome::authorization_state, std::move(detail))
        .with("authorization_status", status);
}

Problem grant_state(std::string_view status) {
    return Problem(
               Outcome::grant_state,
               fmt::format("The grant is {}; only a live one can end.", status)
    )
        .with("grant_status", status);
}

std::string funds_lines(const engine::Execution& done, bool only_short) {
    std::string out;
    JsonWriter json(out);
    json.begin_array();
    for (const ReceiptLine& line : done.receipt.lines) {
        if (only_short && !line.shortfall.is_positive()) continue;
        json.begin_object();
        json.member("asset", asset_of(done, line.asset).code);
        json.member("requested", amount_text(done, line, line.requested));
        json.member("available", amount_text(done, line, line.available));
        json.member("shortfall", amount_text(done, line, line.shortfall));
        json.end_object();
    }
    json.end_array();
    return out;
}

Problem problem_of(const engine::Execution& done, std::string_view target) {
    const ledger::Receipt& receipt = done.receipt;
    const std::string& asset = receipt.fault_asset;
    switch (receipt.outcome) {
        case Outcome::accepted:
            break;
        case Outcome::idempotency_key_reused:
            return Problem(
                receipt.outcome,
                "This Idempotency-Key came before with another request. Use a new key for a new "
                "request, or send the first request unchanged."
            );
        case Outcome::wallet_not_found:
        case Outcome::authorization_not_found:
        case Outcome::grant_not_found:
            return not_found(receipt.outcome, target);
        case Outcome::asset_not_found:
            return about_asset(
                receipt.outcome,
                "There is no asset " + quoted(asset) + ". Create it with POST /v1/assets first.",
                asset
            );
        case Outcome::wallet_exists:
            return Problem(
                receipt.outcome, "The wallet " + quoted(target) +
                                     " exists already. Use it, or "
                                     "choose another id."
            );
        case Outcome::asset_exists:
            return Problem(
                receipt.outcome, "The asset " + quoted(target) +
                                     " exists already, and its scale "
                                     "never changes."
            );
        case Outcome::asset_not_held:
            return about_asset(
                receipt.outcome,
                asset.empty() ? "The authorization holds several assets: name one beside the "
                                "amount, or send amounts."
                              : "The authorization holds nothing of " + quoted(asset) + ".",
                asset
            );
        case Outcome::invalid_amount:
            return about_asset(
                receipt.outcome, the_amount(asset) + " " + describe(receipt.fault) + ".", asset
            );
        case Outcome::invalid_expiry:
            return Problem(
                receipt.outcome,
                "expires_at must lie in the future and after effective_at. Send a later one, or "
                "none for a grant that never expires."
            );
        case Outcome::wallet_frozen:
            return Problem(
                receipt.outcome,
                "The wallet is frozen and spends nothing. PATCH it to status \"active\" first."
            );
        case Outcome::authorization_state:
            return authorization_state(to_string(receipt.authorization_status));
        case Outcome::grant_state:
            return grant_state(to_string(receipt.grant_status));
        case Outcome::balance_too_large:
        case Outcome::overdraft_in_use:
        case Outcome::capture_exceeds_hold:
        case Outcome::insufficient_funds:
            return about_funds(done);
    }
    FG_ASSERT(false, "an accepted command is no problem");
    return {};
}

}  // namespace faregate::http
