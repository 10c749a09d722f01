#pragma once

#include <string>
#include <string_view>

#include "faregate/engine/engine.h"
#include "http/problem.h"

namespace faregate::http {

/// `outcome` about the thing that the caller named `target`, where no receipt is at hand.
/// Precondition: one of the `..._not_found` outcomes of a wallet, authorization or grant.
Problem not_found(ledger::Outcome outcome, std::string_view target);
Problem authorization_state(std::string_view status);
Problem grant_state(std::string_view status);

/// What a declined command is answered with.
Problem problem_of(const engine::Execution& done, std::string_view target);

/// The lines of a receipt that lack money, as a JSON array; used by dry runs for all lines.
std::string funds_lines(const engine::Execution& done, bool only_short);

}  // namespace faregate::http
