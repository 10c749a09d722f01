// What each receipt is answered with. The bodies are whole, so that a change of the contract shows.
#include "http/render.h"

#include <gtest/gtest.h>

#include "http/operation.h"
#include "http/outcome_problem.h"
#include "http/routes/operations.h"

namespace faregate::http {
namespace {

using ledger::Outcome;
using ledger::ReceiptLine;

const Timestamp created = *parse_rfc3339("2026-01-31T09:30:00.000001Z");
const Timestamp ends = *parse_rfc3339("2026-01-31T09:35:00Z");
const Uid uid{0, 1};

Amount units(std::int64_t value) { return Amount::from_units(value); }

engine::AssetCataloguePtr assets() {
    auto catalogue = std::make_shared<ledger::AssetCatalogue>();
    ledger::Asset usd;
    usd.code = "USD";
    usd.scale = 2;
    catalogue->add(usd);
    ledger::Asset tokens;
    tokens.index = ledger::AssetIndex{1};
    tokens.code = "TOKENS";
    catalogue->add(tokens);
    return catalogue;
}

/// An accepted receipt with one line in USD.
engine::Execution execution() {
    engine::Execution done;
    done.assets = assets();
    done.lsn = Lsn{42};
    done.receipt.at = created;
    done.receipt.wallet = WalletId::trusted("acme");
    done.receipt.subject = uid;
    done.receipt.created_at = created;
    done.receipt.expires_at = ends;
    ReceiptLine line;
    line.requested = units(150);
    line.moved = units(150);
    line.authorized = units(150);
    line.held = units(150);
    line.available = units(850);
    done.receipt.lines.push_back(line);
    return done;
}

Operation operation(
    const OperationType& type, std::string_view body, std::string_view target = ""
) {
    JsonDocument document;
    EXPECT_FALSE(document.parse(body));
    auto result = read_operation(type, target, RequestBody{document.root(), {}}, std::nullopt);
    EXPECT_TRUE(result);
    return *result;
}

const std::string auth_id = "auth_00000000000000000000000001";
const std::string one_usd = R"({"wallet":"acme","asset":"USD","amount":"1.50"})";

TEST(Render, Authorization) {
    const Reply reply = answer(
        operation(
            authorize_operation,
            R"({"wallet":"acme","asset":"USD","amount":"1.50","description":"d",)"
            R"("metadata":{"a":1.0}})"
        ),
        execution()
    );
    EXPECT_EQ(reply.status, 201);
    EXPECT_EQ(
        reply.body,
        R"({"id":"auth_00000000000000000000000001","wallet":"acme","status":"authorized",)"
        R"("asset":"USD","amount":"1.5","amounts":[{"asset":"USD","authorized":"1.5",)"
        R"("captured":"0","held":"1.5","available":"8.5"}],)"
        R"("created_at":"2026-01-31T09:30:00.000001Z","expires_at":"2026-01-31T09:35:00.000000Z",)"
        R"("description":"d","metadata":{"a":1.0},"lsn":42})"
    );
}

TEST(Render, AuthorizationOfSeveralAssetsHasNoSingleAmount) {
    auto done = execution();
    done.receipt.lines.push_back(done.receipt.lines.front());
    done.receipt.lines.back().asset = ledger::AssetIndex{1};
    const Reply reply = answer(operation(authorize_operation, one_usd), done);
    EXPECT_EQ(reply.body.find(R"("amount":)"), std::string::npos);
    EXPECT_NE(reply.body.find(R"({"asset":"TOKENS","authorized":"150")"), std::string::npos);
}

TEST(Render, DryRunsAreDecisions) {
    const auto dry = operation(
        authorize_operation, R"({"wallet":"acme","asset":"USD","amount":"1.50","dry_run":true})"
    );
    auto done = execution();
    EXPECT_EQ(
        answer(dry, done).body,
        R"({"decision":"approved","amounts":[{"asset":"USD","requested":"1.5",)"
        R"("available":"8.5","shortfall":"0"}]})"
    );
    done.receipt.outcome = Outcome::insufficient_funds;
    done.receipt.lines[0].shortfall = units(50);
    const Reply declined = answer(dry, done);
    EXPECT_EQ(declined.status, 200);
    EXPECT_EQ(
        declined.body,
        R"({"decision":"declined","code":"insufficient_funds","amounts":[{"asset":"USD",)"
        R"("requested":"1.5","available":"8.5","shortfall":"0.5"}]})"
    );
    done.receipt.outcome = Outcome::wallet_not_found;
    EXPECT_EQ(answer(dry, done).status, 404);
}

TEST(Render, Capture) {
    auto done = execution();
    ReceiptLine& line = done.receipt.lines[0];
    line.captured = units(150);
    line.held = {};
    line.released = units(50);
    done.receipt.authorization_status = ledger::AuthorizationStatus::captured;
    const Reply reply = answer(operation(capture_operation, "{}", auth_id), done);
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(
        reply.body,
        R"({"id":"auth_00000000000000000000000001","wallet":"acme","status":"captured",)"
        R"("amounts":[{"asset":"USD","authorized":"1.5","captured":"1.5","held":"0",)"
        R"("available":"8.5"}],"capture":{"amounts":[{"asset":"USD","requested":"1.5",)"
        R"("captured":"1.5","released":"0.5","shortfall":"0"}]},"late":false,)"
        R"("created_at":"2026-01-31T09:30:00.000001Z","expires_at":"2026-01-31T09:35:00.000000Z",)"
        R"("lsn":42})"
    );
}

TEST(Render, VoidAndIncrementSayWhatTheyDid) {
    auto done = execution();
    done.receipt.lines[0].released = units(150);
    const Reply voided = answer(operation(void_operation, "{}", auth_id), done);
    EXPECT_NE(
        voided.body.find(R"("void":{"amounts":[{"asset":"USD","released":"1.5"}]})"),
        std::string::npos
    );
    const Reply grown =
        answer(operation(increment_operation, R"({"amount":"1.5"})", auth_id), done);
    EXPECT_NE(
        grown.body.find(R"("increment":{"amounts":[{"asset":"USD","added":"1.5"}]})"),
        std::string::npos
    );
}

TEST(Render, Debit) {
    EXPECT_EQ(
        answer(operation(debit_operation, one_usd), execution()).body,
        R"({"id":"debit_00000000000000000000000001","wallet":"acme",)"
        R"("amounts":[{"asset":"USD","amount":"1.5","available":"8.5"}],)"
        R"("created_at":"2026-01-31T09:30:00.000001Z","lsn":42})"
    );
}

TEST(Render, GrantThatNeverExpires) {
    auto done = execution();
    done.receipt.effective_at = created;
    done.receipt.expires_at = Timestamp::never();
    EXPECT_EQ(
        answer(operation(grant_operation, R"({"asset":"USD","amount":"1.50"})", "acme"), done).body,
        R"({"id":"grant_00000000000000000000000001","wallet":"acme","asset":"USD",)"
        R"("amount":"1.5","available":"8.5","kind":"paid","priority":50,"status":"active",)"
        R"("effective_at":"2026-01-31T09:30:00.000001Z","expires_at":null,)"
        R"("created_at":"2026-01-31T09:30:00.000001Z","lsn":42})"
    );
}

TEST(Render, RevokedGrant) {
    auto done = execution();
    done.receipt.grant_status = ledger::GrantStatus::revoked;
    EXPECT_EQ(
        answer(operation(revoke_grant_operation, "{}", "grant_00000000000000000000000001"), done)
            .body,
        R"({"id":"grant_00000000000000000000000001","wallet":"acme","asset":"USD",)"
        R"("revoked":"1.5","held":"1.5","available":"8.5","status":"revoked",)"
        R"("revoked_at":"2026-01-31T09:30:00.000001Z","lsn":42})"
    );
}

TEST(Render, WalletAndAsset) {
    engine::Execution done;
    done.lsn = Lsn{7};
    done.receipt.at = created;
    EXPECT_EQ(
        answer(operation(create_wallet_operation, R"({"id":"acme","metadata":{"p":"q"}})"), done)
            .body,
        R"({"id":"acme","status":"active","over_capture":"cap","metadata":{"p":"q"},)"
        R"("created_at":"2026-01-31T09:30:00.000001Z","accounts":[],"lsn":7})"
    );
    EXPECT_EQ(
        answer(operation(create_asset_operation, R"({"code":"USD","scale":2,"symbol":"$"})"), done)
            .body,
        R"({"code":"USD","scale":2,"symbol":"$","created_at":"2026-01-31T09:30:00.000001Z",)"
        R"("lsn":7})"
    );
}

TEST(Render, InsufficientFundsNamesTheFirstAndAllThatAreShort) {
    auto done = execution();
    done.receipt.outcome = Outcome::insufficient_funds;
    ReceiptLine second = done.receipt.lines[0];
    second.asset = ledger::AssetIndex{1};
    second.shortfall = units(7);
    done.receipt.lines.push_back(second);
    const Problem problem = problem_of(done, "acme");
    EXPECT_EQ(problem.type().status, 402);
    EXPECT_EQ(
        problem.members,
        R"("asset":"TOKENS","requested":"150","available":"850","shortfall":"7",)"
        R"("amounts":[{"asset":"TOKENS","requested":"150","available":"850","shortfall":"7"}])"
    );
}

TEST(Render, StatesAreNamedBesideTheStatusOfTheProblem) {
    auto done = execution();
    done.receipt.outcome = Outcome::authorization_state;
    done.receipt.authorization_status = ledger::AuthorizationStatus::voided;
    EXPECT_EQ(problem_of(done, auth_id).members, R"("authorization_status":"voided")");
    done.receipt.outcome = Outcome::grant_state;
    done.receipt.grant_status = ledger::GrantStatus::expired;
    EXPECT_EQ(problem_of(done, "g").members, R"("grant_status":"expired")");
}

TEST(Render, InvalidAmountSaysWhatIsWrongWithWhich) {
    auto done = execution();
    done.receipt.outcome = Outcome::invalid_amount;
    done.receipt.fault = Decimal::Fault::negative;
    done.receipt.fault_asset = "USD";
    const Problem problem = problem_of(done, "acme");
    EXPECT_EQ(problem.detail, "The amount of \"USD\" is negative.");
    EXPECT_EQ(problem.members, R"("asset":"USD")");
}

TEST(Render, AReplayHasTheSameBytes) {
    auto done = execution();
    const auto debit = operation(debit_operation, one_usd);
    const Reply first = answer(debit, done);
    done.replayed = true;
    const Reply second = answer(debit, done);
    EXPECT_EQ(first.body, second.body);
    EXPECT_FALSE(first.replayed);
    EXPECT_TRUE(second.replayed);
}

}  // namespace
}  // namespace faregate::http
