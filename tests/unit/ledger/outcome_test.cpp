#include "faregate/ledger/outcome.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "support/ledger_script.h"

namespace faregate::ledger {
namespace {

struct Case {
    Outcome outcome;
    const char* script;  ///< null: decided by the engine, and tested there
};

// Every outcome once, in the order in which the enum defines them.
const std::vector<Case> cases = {
    {Outcome::accepted, R"(
        wallet                     | accepted
        grant g1 10                | accepted             | 10/0/10
        authorize h1 10            | accepted             | 10/10/0
        capture h1                 | accepted             | 0/0/0 revenue=10
    )"},
    {Outcome::idempotency_key_reused, nullptr},
    {Outcome::wallet_not_found, R"(
        freeze                     | wallet_not_found
        limit 5                    | wallet_not_found
        grant g1 10                | wallet_not_found
        authorize h1 10            | wallet_not_found
        dry_run 10                 | wallet_not_found
        debit 10                   | wallet_not_found
    )"},
    {Outcome::authorization_not_found, R"(
        wallet                     | accepted
        capture h1                 | authorization_not_found
        void h1                    | authorization_not_found
        increment h1 5             | authorization_not_found
    )"},
    {Outcome::grant_not_found, R"(
        wallet                     | accepted
        revoke g1                  | grant_not_found
        grant g1 10                | accepted
        debit 10                   | accepted             | g1=gone
        revoke g1                  | grant_not_found
    )"},
    {Outcome::asset_not_found, R"(
        wallet                     | accepted
        limit XXX:5                | asset_not_found      | at_fault=XXX
        grant g1 XXX:5             | asset_not_found      | at_fault=XXX
        authorize h1 1,XXX:5       | asset_not_found      | at_fault=XXX
        debit XXX:5                | asset_not_found      | at_fault=XXX
        grant g1 10                | accepted
        authorize h1 5             | accepted
        capture h1 XXX:1           | asset_not_found      | at_fault=XXX
        increment h1 XXX:1         | asset_not_found      | at_fault=XXX
        # Codes are case-sensitive.
        debit usd:5                | asset_not_found      | at_fault=usd
    )"},
    {Outcome::wallet_exists, R"(
        wallet cap                 | accepted
        wallet debt                | wallet_exists
        # And it is still the wallet that it was.
        grant g1 10                | accepted             | 10/0/10
        authorize h1 10            | accepted
        capture h1 11              | accepted             | 0/0/0 short=1
    )"},
    {Outcome::asset_exists, nullptr},
    {Outcome::asset_not_held, R"(
        wallet                     | accepted
        grant g1 10                | accepted
        grant g2 TOK:10            | accepted
        authorize h1 5             | accepted
        capture h1 TOK:1           | asset_not_held       | at_fault=TOK
        increment h1 1,TOK:1       | asset_not_held       | at_fault=TOK
        # Without a name it is the only asset; of several, none.
        increment h1 :1            | accepted             | h1=6/0/6
        authorize h2 1,TOK:1       | accepted
        capture h2 :1              | asset_not_held       | at_fault=
    )"},
    {Outcome::invalid_amount, R"(
        wallet                     | accepted
        limit -1                   | invalid_amount       | fault=negative at_fault=USD
        limit 0.001                | invalid_amount       | fault=too_many_decimals
        grant g1 0                 | invalid_amount       | fault=not_positive
        grant g1 abc               | invalid_amount       | fault=not_a_number
        grant g1 1e29              | invalid_amount       | fault=too_large
        grant g1 1e99              | invalid_amount       | fault=too_many_digits
        authorize h1 -1            | invalid_amount       | fault=negative
        authorize h1 0.001         | invalid_amount       | fault=too_many_decimals
        authorize h1 1,TOK:0.5     | invalid_amount       | fault=too_many_decimals at_fault=TOK
        dry_run 0                  | invalid_amount       | fault=not_positive
        debit 0.00                 | invalid_amount       | fault=not_positive
        grant g1 10                | accepted
        authorize h1 5             | accepted
        capture h1 NaN             | invalid_amount       | fault=not_a_number
        capture h1 0.001           | invalid_amount       | fault=too_many_decimals
        increment h1 0             | invalid_amount       | fault=not_positive
        increment h1 1e-30         | invalid_amount       | fault=too_many_decimals h1=5/0/5
    )"},
    {Outcome::invalid_expiry, R"(
        wallet                     | accepted
        grant g1 10 until=0        | invalid_expiry       | 0/0/0
        grant g1 10 until=-1       | invalid_expiry
        grant g1 10 from=60 until=60 | invalid_expiry
        grant g1 10 from=60 until=59 | invalid_expiry
        grant g1 10 from=60 until=61 | accepted           | g1.status=scheduled
        grant g2 10 until=1        | accepted             | 10/0/10
        grant g3 10 from=-60 until=1 | accepted           | 20/0/20
    )"},
    {Outcome::balance_too_large, R"(
        wallet cap                 | accepted
        # balance_max is 10^31 units, so ten times what one request may be.
        grant g1 1e28              | accepted
        grant g2 1e28              | accepted
        grant g3 1e28              | accepted
        grant g4 1e28              | accepted
        grant g5 1e28              | accepted
        grant g6 1e28              | accepted
        grant g7 1e28              | accepted
        grant g8 1e28 from=60      | accepted
        authorize h1 1e28          | accepted
        limit 1e28                 | accepted
        grant g9 1e28              | accepted
        grant g10 0.01             | balance_too_large
        grant g10 0.01 from=60     | balance_too_large
        grant g10 TOK:1e30         | accepted
        limit 10000000000000000000000000000.01 | invalid_amount
        limit TOK:1e30             | accepted
        limit 0                    | accepted
        limit 9999999999999999999999999999 | accepted
        revoke g8                  | accepted
        grant g8 1e28              | accepted
        limit 1e28                 | accepted
        limit 0                    | accepted
        grant g10 1e28             | accepted
        limit 0.01                 | balance_too_large    | USD.limit=0
    )"},
    {Outcome::wallet_frozen, R"(
        wallet                     | accepted
        grant g1 10                | accepted
        authorize h1 2             | accepted
        authorize h2 2             | accepted
        freeze                     | accepted
        authorize h3 1             | wallet_frozen
        dry_run 1                  | wallet_frozen
        debit 1                    | wallet_frozen
        increment h1 1             | wallet_frozen
        increment h1 ttl=900       | wallet_frozen
        capture h1                 | accepted             | revenue=2
        void h2                    | accepted             | 8/0/8
        grant g2 5                 | accepted             | 13/0/13
        revoke g2                  | accepted             | 8/0/8
        unfreeze                   | accepted
        debit 1                    | accepted             | 7/0/7
    )"},
    {Outcome::authorization_state, R"(
        wallet                     | accepted
        grant g1 10                | accepted
        authorize h1 1             | accepted
        capture h1                 | accepted
        capture h1                 | authorization_state
        void h1                    | authorization_state
        increment h1 1             | authorization_state
        authorize h2 1             | accepted
        void h2                    | accepted
        capture h2                 | authorization_state
        void h2                    | authorization_state
        increment h2 ttl=9         | authorization_state
        authorize h3 1 ttl=5       | accepted
        advance 5                  |                      | h3.status=expired
        void h3                    | authorization_state
        increment h3 1             | authorization_state
        capture h3                 | accepted             | h3.late=yes
        capture h3                 | authorization_state
    )"},
    {Outcome::grant_state, R"(
        wallet                     | accepted
        grant g1 10 until=5        | accepted
        grant g2 10                | accepted
        authorize h1 20            | accepted
        revoke g2                  | accepted             | g2=10/10 g2.status=revoked
        revoke g2                  | grant_state
        advance 5                  |                      | g1.status=expired
        revoke g1                  | grant_state
    )"},
    {Outcome::overdraft_in_use, R"(
        wallet                     | accepted
        limit 10                   | accepted             | 0/0/10
        debit 6                    | accepted             | -6/0/4
        limit 5.99                 | overdraft_in_use     | requested=5.99 short=0.01 -6/0/4
        limit 6                    | accepted             | -6/0/0
        limit 0                    | overdraft_in_use     | short=6
    )"},
    {Outcome::capture_exceeds_hold, R"(
        wallet reject              | accepted
        grant g1 10                | accepted
        authorize h1 5             | accepted
        capture h1 5.01            | capture_exceeds_hold | short=0.01 10/5/5 h1=5/0/5
    )"},
    {Outcome::insufficient_funds, R"(
        wallet                     | accepted
        authorize h1 1             | insufficient_funds   | requested=1 short=1 0/0/0
        grant g1 10                | accepted
        debit 10.01                | insufficient_funds   | short=0.01 10/0/10
        authorize h1 4             | accepted
        authorize h2 6.01          | insufficient_funds   | short=0.01 10/4/6
        dry_run 6.01               | insufficient_funds   | short=0.01
        increment h1 6.01          | insufficient_funds   | short=0.01 h1=4/0/4
        increment h1 6             | accepted             | 10/10/0 h1=10/0/10
        debit 0.01                 | insufficient_funds   | short=0.01
    )"},
};

TEST(Outcome, EveryOneIsCoveredInTheOrderOfItsDefinition) {
    ASSERT_EQ(cases.size(), static_cast<std::size_t>(outcome_count));
    for (std::size_t i = 0; i < cases.size(); ++i) {
        EXPECT_EQ(static_cast<std::size_t>(cases[i].outcome), i);
        const bool by_engine = cases[i].outcome == Outcome::idempotency_key_reused ||
                               cases[i].outcome == Outcome::asset_exists;
        EXPECT_EQ(cases[i].script == nullptr, by_engine) << to_string(cases[i].outcome);
    }
}

TEST(Outcome, EveryTableMeetsItsOutcome) {
    for (const Case& each : cases) {
        if (each.script == nullptr) continue;
        const std::string name = to_string(each.outcome);
        EXPECT_NE(std::string(each.script).find("| " + name), std::string::npos) << name;
        EXPECT_EQ(support::run_ledger_script(each.script), "") << name;
    }
}

TEST(Outcome, NamesComeBackAndAreAllDifferent) {
    std::set<std::string> names;
    for (int i = 0; i < outcome_count; ++i) {
        const auto outcome = static_cast<Outcome>(i);
        names.insert(to_string(outcome));
        EXPECT_EQ(parse_outcome(to_string(outcome)), outcome);
    }
    EXPECT_EQ(names.size(), static_cast<std::size_t>(outcome_count));
    EXPECT_EQ(parse_outcome("nonsense"), std::nullopt);
    EXPECT_EQ(parse_outcome(""), std::nullopt);
}

// A command that fails in several ways fails with the first of them.
TEST(Precedence, IsTheOrderOfTheEnum) {
    EXPECT_EQ(
        support::run_ledger_script(R"(
        # no wallet > unknown asset > bad amount
        debit XXX:abc              | wallet_not_found
        grant g1 XXX:abc until=-5  | wallet_not_found
        limit XXX:abc              | wallet_not_found
        wallet                     | accepted
        debit XXX:abc              | asset_not_found
        # an unknown asset anywhere > a bad amount before it
        debit abc,XXX:1            | asset_not_found
        limit abc,XXX:1            | asset_not_found
        grant g1 XXX:abc until=-5  | asset_not_found
        # bad amount > bad expiry > too large
        grant g1 abc until=-5      | invalid_amount
        # bad amount > frozen > no funds
        freeze                     | accepted
        debit abc                  | invalid_amount
        debit 5                    | wallet_frozen
        authorize h1 5             | wallet_frozen
        unfreeze                   | accepted
        debit 5                    | insufficient_funds
    )"),
        ""
    );
}

TEST(Precedence, OfCommandsOnAHold) {
    EXPECT_EQ(
        support::run_ledger_script(R"(
        wallet reject              | accepted
        grant g1 10                | accepted
        grant g2 TOK:10            | accepted
        authorize h1 5             | accepted
        # no authorization > unknown asset > not held > bad amount > frozen > state > funds
        increment h9 XXX:abc       | authorization_not_found
        capture h1 TOK:abc,XXX:1   | asset_not_found
        increment h1 TOK:abc,XXX:1 | asset_not_found
        capture h1 abc,TOK:1       | asset_not_held
        increment h1 TOK:abc       | asset_not_held
        freeze                     | accepted
        increment h1 abc           | invalid_amount
        increment h1 100           | wallet_frozen
        void h1                    | accepted
        increment h1 100           | wallet_frozen
        capture h1 abc             | invalid_amount
        capture h1 100             | authorization_state
        unfreeze                   | accepted
        increment h1 abc           | invalid_amount
        increment h1 100           | authorization_state
    )"),
        ""
    );
}

// The order of an authorization's assets must not decide which failure is the answer.
TEST(Precedence, HoldsAcrossTheAssetsOfOneCapture) {
    EXPECT_EQ(
        support::run_ledger_script(R"(
        wallet reject              | accepted
        grant g1 10                | accepted
        grant g2 TOK:10            | accepted
        authorize h1 5,TOK:5 ttl=1 | accepted
        authorize h2 TOK:5,5 ttl=1 | accepted
        advance 1                  |                      | h1.status=expired h2.status=expired
        debit 10,TOK:10            | accepted             | 0/0/0 TOK=0/0/0
        # USD cannot be paid, and TOK is more than the hold was.
        capture h1 5,TOK:6         | capture_exceeds_hold | TOK.short=1
        capture h2 5,TOK:6         | capture_exceeds_hold | TOK.short=1
        capture h1 5,TOK:5         | insufficient_funds   | short=5 TOK.short=5
    )"),
        ""
    );
}

}  // namespace
}  // namespace faregate::ledger
