#include "http/operation.h"

#include <gtest/gtest.h>

#include "http/routes/operations.h"

namespace faregate::http {
namespace {

using ledger::Outcome;

const std::string auth_id = "auth_00000000000000000000000001";

/// Reads a body as the single call's; keeps the document alive for the operation's views.
tl::expected<Operation, Problem> read(
    const OperationType& type, std::string_view body, std::string_view target = "",
    const std::optional<std::string>& key = std::nullopt
) {
    JsonDocument document;
    const auto error = document.parse(body);
    EXPECT_FALSE(error) << body;
    return read_operation(type, target, RequestBody{document.root(), {}}, key);
}

/// `code: detail` of the refusal, or "" if the body was read.
std::string refusal(
    const OperationType& type, std::string_view body, std::string_view target = "acme"
) {
    const auto operation = read(type, body, target);
    if (operation) return "";
    return std::string(operation.error().type().code) + ": " + operation.error().members;
}

std::string member_fault(const std::string& path) {
    return "invalid_request: \"member\":\"" + path + "\"";
}

TEST(ReadAuthorize, TakesAllItsMembers) {
    const auto operation = read(
        authorize_operation,
        R"({"wallet":"acme","amounts":[{"asset":"USD","amount":"1.50"},{"asset":"TOKENS",
            "amount":4000}],"ttl_seconds":60,"dry_run":true,"description":"d",
            "metadata":{"b":1.10,"a":[true]}})"
    );
    ASSERT_TRUE(operation) << operation.error().detail;
    const auto& command = operation->as<ledger::Authorize>();
    EXPECT_EQ(command.wallet.text(), "acme");
    ASSERT_EQ(command.amounts.size(), 2U);
    EXPECT_EQ(command.amounts[0].asset, "USD");
    EXPECT_EQ(command.amounts[0].amount.to_amount(2)->units(), 150);
    EXPECT_EQ(command.amounts[1].amount.to_amount(0)->units(), 4000);
    EXPECT_EQ(command.ttl, Duration::seconds(60));
    EXPECT_TRUE(command.dry_run);
    EXPECT_EQ(command.description, "d");
    EXPECT_EQ(command.metadata, R"({"b":1.10,"a":[true]})");
}

TEST(ReadAuthorize, HasDefaults) {
    const auto operation =
        read(authorize_operation, R"({"wallet":"acme","asset":"USD","amount":0.1})");
    ASSERT_TRUE(operation);
    const auto& command = operation->as<ledger::Authorize>();
    EXPECT_EQ(command.ttl, ledger::ttl_default);
    EXPECT_FALSE(command.dry_run);
    EXPECT_EQ(command.amounts.at(0).amount.to_amount(1)->units(), 1);
    EXPECT_EQ(command.metadata, "");
}

TEST(ReadAuthorize, NamesAnUnknownMember) {
    const auto& type = authorize_operation;
    EXPECT_EQ(
        refusal(type, R"({"wallet":"w","asset":"USD","amount":"1","amuont":"2"})"),
        member_fault("amuont")
    );
    EXPECT_EQ(
        refusal(type, R"({"wallet":"w","amounts":[{"asset":"USD","amount":"1"},{"aset":"X"}]})"),
        member_fault("amounts[1].aset")
    );
}

TEST(ReadAuthorize, NamesAMemberThatIsMissingOrOfTheWrongType) {
    const auto& type = authorize_operation;
    EXPECT_EQ(refusal(type, R"({"asset":"USD","amount":"1"})"), member_fault("wallet"));
    EXPECT_EQ(refusal(type, R"({"wallet":"w","amount":"1"})"), member_fault("asset"));
    EXPECT_EQ(refusal(type, R"({"wallet":"w","asset":"USD"})"), member_fault("amount"));
    EXPECT_EQ(refusal(type, R"({"wallet":7,"asset":"USD","amount":"1"})"), member_fault("wallet"));
    EXPECT_EQ(
        refusal(type, R"({"wallet":"w","asset":"USD","amount":null})"), member_fault("amount")
    );
    EXPECT_EQ(
        refusal(type, R"({"wallet":"w","asset":"USD","amount":"1","dry_run":"yes"})"),
        member_fault("dry_run")
    );
    EXPECT_EQ(refusal(type, R"({"wallet":"w","amounts":[]})"), member_fault("amounts"));
    EXPECT_EQ(refusal(type, R"({"wallet":"w","amounts":[3]})"), member_fault("amounts[0]"));
    EXPECT_EQ(refusal(type, "[]"), "invalid_request: ");
    EXPECT_EQ(refusal(type, "\"x\""), "invalid_request: ");
}

TEST(ReadAuthorize, TakesOneWayOfNamingAmounts) {
    EXPECT_EQ(
        refusal(
            authorize_operation,
            R"({"wallet":"w","asset":"USD","amounts":[{"asset":"USD","amount":"1"}]})"
        ),
        member_fault("amounts")
    );
}

TEST(ReadAuthorize, TakesEachAssetOnceAndAtMostSixteen) {
    const auto& type = authorize_operation;
    EXPECT_EQ(
        refusal(
            type, R"({"wallet":"w","amounts":[{"asset":"A","amount":1},{"asset":"A","amount":1}]})"
        ),
        member_fault("amounts[1].asset")
    );
    const auto with_lines = [](int count) {
        std::string body = R"({"wallet":"w","amounts":[)";
        for (int i = 0; i < count; ++i) {
            body += (i > 0 ? "," : "") + std::string(R"({"asset":"A)") + std::to_string(i) +
                    R"(","amount":1})";
        }
        return body + "]}";
    };
    EXPECT_EQ(refusal(type, with_lines(16)), "");
    EXPECT_EQ(refusal(type, with_lines(17)), member_fault("amounts"));
}

TEST(ReadAuthorize, LimitsTheTimeToLive) {
    const auto with = [](std::string_view ttl) {
        return R"({"wallet":"w","asset":"USD","amount":"1","ttl_seconds":)" + std::string(ttl) +
               "}";
    };
    EXPECT_EQ(refusal(authorize_operation, with("1")), "");
    EXPECT_EQ(refusal(authorize_operation, with("604800")), "");
    for (const char* ttl :
         {"0", "-1", "604801", "1.5", "1e2", "\"60\"", "null", "99999999999999999999"}) {
        EXPECT_EQ(refusal(authorize_operation, with(ttl)), member_fault("ttl_seconds")) << ttl;
    }
}

TEST(ReadAuthorize, LeavesAmountsToTheLedger) {
    for (const char* amount : {"\"abc\"", "\"NaN\"", "-1", "\"1e-30\"", "1e400", "\"\"", "0"}) {
        EXPECT_EQ(
            refusal(
                authorize_operation,
                R"({"wallet":"w","asset":"USD","amount":)" + std::string(amount) + "}"
            ),
            ""
        ) << amount;
    }
}

TEST(ReadAuthorize, NobodyHasAnImpossibleWalletId) {
    const std::string long_id(129, 'x');
    for (const std::string& id :
         {std::string(), std::string("a b"), std::string("a/b"), long_id, std::string("\\u00e9")}) {
        const auto operation =
            read(authorize_operation, R"({"wallet":")" + id + R"(","asset":"USD","amount":"1"})");
        ASSERT_TRUE(operation) << id;
        EXPECT_EQ(operation->impossible, Outcome::wallet_not_found);
        EXPECT_EQ(answer_impossible(*operation).status, 404);
    }
}

TEST(ReadAuthorize, LimitsTextsByCharacters) {
    const auto with = [](const std::string& description) {
        return R"({"wallet":"w","asset":"USD","amount":"1","description":")" + description + "\"}";
    };
    std::string euros;
    for (int i = 0; i < 1024; ++i) euros += "\xe2\x82\xac";
    EXPECT_EQ(refusal(authorize_operation, with(euros)), "");
    EXPECT_EQ(refusal(authorize_operation, with(euros + "x")), member_fault("description"));
    EXPECT_EQ(refusal(authorize_operation, with("a\\u0000b")), member_fault("description"));
}

TEST(ReadAuthorize, RefusesMetadataThatPostgresCannotKeep) {
    const auto with = [](const std::string& metadata) {
        return R"({"wallet":"w","asset":"USD","amount":"1","metadata":)" + metadata + "}";
    };
    EXPECT_EQ(refusal(authorize_operation, with(R"({"a":{"b":[1,null]}})")), "");
    const std::string large = "{\"a\":\"" + std::string(16 * 1024, 'x') + "\"}";
    for (const std::string& metadata :
         {std::string("[]"), std::string("\"x\""), std::string(R"({"a":"\u0000"})"),
          std::string(R"({"\u0000":1})"), std::string(R"({"a":[1e100000]})"), large}) {
        EXPECT_EQ(refusal(authorize_operation, with(metadata)), member_fault("metadata"));
    }
}

TEST(ReadCapture, MayBeEmptyAndMayLeaveTheAssetOut) {
    const auto all = read(capture_operation, "{}", auth_id);
    ASSERT_TRUE(all);
    EXPECT_TRUE(all->as<ledger::Capture>().amounts.empty());
    EXPECT_TRUE(all->as<ledger::Capture>().final);

    const auto some = read(capture_operation, R"({"amount":"2","final":false})", auth_id);
    ASSERT_TRUE(some);
    ASSERT_EQ(some->as<ledger::Capture>().amounts.size(), 1U);
    EXPECT_EQ(some->as<ledger::Capture>().amounts[0].asset, "");
    EXPECT_FALSE(some->as<ledger::Capture>().final);
}

TEST(ReadCapture, ANullAmountIsNotAll) {
    EXPECT_EQ(refusal(capture_operation, R"({"amount":null})", auth_id), member_fault("amount"));
    EXPECT_EQ(refusal(capture_operation, R"({"asset":""})", auth_id), member_fault("asset"));
    EXPECT_EQ(refusal(capture_operation, R"({"asset":"USD"})", auth_id), member_fault("amount"));
    EXPECT_EQ(refusal(capture_operation, R"({"amout":"1"})", auth_id), member_fault("amout"));
    EXPECT_EQ(
        refusal(capture_operation, R"({"asset":"","amount":"1"})", auth_id), member_fault("asset")
    );
}

TEST(ReadCapture, NobodyHasAnImpossibleId) {
    for (const char* id :
         {"auth_1", "x", "grant_00000000000000000000000001", "auth_z0000000000000000000000001"}) {
        const auto operation = read(capture_operation, "{}", id);
        ASSERT_TRUE(operation);
        EXPECT_EQ(operation->impossible, Outcome::authorization_not_found) << id;
    }
}

TEST(ReadVoidAndRevoke, TakeNoMembers) {
    EXPECT_EQ(refusal(void_operation, "{}", auth_id), "");
    EXPECT_EQ(refusal(void_operation, R"({"reason":"x"})", auth_id), member_fault("reason"));
    EXPECT_EQ(refusal(revoke_grant_operation, R"({"x":1})"), member_fault("x"));
}

TEST(ReadIncrement, ChangesSomething) {
    EXPECT_EQ(refusal(increment_operation, "{}", auth_id), member_fault("amount"));
    EXPECT_EQ(refusal(increment_operation, R"({"ttl_seconds":5})", auth_id), "");
    EXPECT_EQ(refusal(increment_operation, R"({"amount":"5"})", auth_id), "");
    EXPECT_EQ(refusal(increment_operation, R"({"final":true})", auth_id), member_fault("final"));
}

TEST(ReadDebit, NamesAnUnknownMember) {
    EXPECT_EQ(refusal(debit_operation, R"({"wallet":"w","asset":"USD","amount":"1"})"), "");
    EXPECT_EQ(
        refusal(debit_operation, R"({"wallet":"w","asset":"USD","amount":"1","ttl_seconds":1})"),
        member_fault("ttl_seconds")
    );
}

TEST(ReadGrant, TakesAllItsMembers) {
    const auto operation = read(
        grant_operation,
        R"({"asset":"USD","amount":"5","kind":"promotional","priority":10,
            "effective_at":"2026-01-01T00:00:00Z","expires_at":"2026-02-01T00:00:00+02:00"})",
        "acme"
    );
    ASSERT_TRUE(operation) << operation.error().detail;
    const auto& command = operation->as<ledger::AddGrant>();
    EXPECT_EQ(command.wallet.text(), "acme");
    EXPECT_EQ(command.kind, ledger::GrantKind::promotional);
    EXPECT_EQ(command.priority, 10);
    EXPECT_EQ(to_rfc3339(*command.expires_at), "2026-01-31T22:00:00.000000Z");
}

TEST(ReadGrant, NamesWhatIsWrong) {
    const auto with = [](const char* member) {
        return R"({"asset":"USD","amount":"5",)" + std::string(member) + "}";
    };
    EXPECT_EQ(refusal(grant_operation, with(R"("kind":"free")")), member_fault("kind"));
    EXPECT_EQ(refusal(grant_operation, with(R"("priority":101)")), member_fault("priority"));
    EXPECT_EQ(refusal(grant_operation, with(R"("priority":-1)")), member_fault("priority"));
    EXPECT_EQ(
        refusal(grant_operation, with(R"("expires_at":"tomorrow")")), member_fault("expires_at")
    );
    EXPECT_EQ(refusal(grant_operation, with(R"("expire_at":1)")), member_fault("expire_at"));
}

TEST(ReadCreateAsset, NamesWhatIsWrong) {
    const auto& type = create_asset_operation;
    EXPECT_EQ(refusal(type, R"({"code":"USD","scale":9,"name":"n","symbol":"$"})"), "");
    EXPECT_EQ(refusal(type, R"({"scale":9})"), member_fault("code"));
    EXPECT_EQ(refusal(type, R"({"code":"USD"})"), member_fault("scale"));
    EXPECT_EQ(refusal(type, R"({"code":"USD","scale":19})"), member_fault("scale"));
    EXPECT_EQ(refusal(type, R"({"code":"U S D","scale":9})"), member_fault("code"));
    EXPECT_EQ(refusal(type, R"({"code":"USD","scale":9,"decimals":2})"), member_fault("decimals"));
}

TEST(ReadCreateWallet, NamesWhatIsWrong) {
    const auto& type = create_wallet_operation;
    EXPECT_EQ(refusal(type, R"({"id":"a b"})"), member_fault("id"));
    EXPECT_EQ(refusal(type, R"({"id":""})"), member_fault("id"));
    EXPECT_EQ(refusal(type, R"({"over_capture":"maybe"})"), member_fault("over_capture"));
    EXPECT_EQ(refusal(type, R"({"nmae":"x"})"), member_fault("nmae"));
    EXPECT_EQ(refusal(type, R"({"name":")" + std::string(257, 'n') + "\"}"), member_fault("name"));
}

TEST(ReadCreateWallet, AGeneratedIdFollowsFromTheKeyAlone) {
    const auto id = [](std::string_view body, const std::optional<std::string>& key) {
        return read(create_wallet_operation, body, "", key)->as<ledger::CreateWallet>().wallet;
    };
    EXPECT_EQ(id("{}", "k1"), id(R"({"name":"x"})", "k1"));
    EXPECT_NE(id("{}", "k1"), id("{}", "k2"));
    EXPECT_NE(id("{}", std::nullopt), id("{}", std::nullopt));
    EXPECT_TRUE(id("{}", "k1").text().starts_with("wallet_"));
    EXPECT_EQ(id("{}", "k1").text().size(), 7U + 26U);
    EXPECT_EQ(id(R"({"id":"acme"})", "k1").text(), "acme");
}

TEST(ReadUpdateWallet, ChangesSomething) {
    const auto& type = update_wallet_operation;
    EXPECT_EQ(refusal(type, "{}"), member_fault("status"));
    EXPECT_EQ(refusal(type, R"({"status":"closed"})"), member_fault("status"));
    EXPECT_EQ(refusal(type, R"({"overdraft_limit":{}})"), member_fault("overdraft_limit"));
    EXPECT_EQ(refusal(type, R"({"overdraft_limits":{}})"), member_fault("overdraft_limits"));
    EXPECT_EQ(
        refusal(type, R"({"overdraft_limits":{"USD":true}})"), member_fault("overdraft_limits.USD")
    );
    const auto operation =
        read(type, R"({"status":"frozen","overdraft_limits":{"USD":"100"}})", "acme");
    ASSERT_TRUE(operation);
    const auto& command = operation->as<ledger::UpdateWallet>();
    EXPECT_EQ(command.status, ledger::WalletStatus::frozen);
    EXPECT_EQ(command.overdraft_limits.at(0).asset, "USD");
    EXPECT_FALSE(command.over_capture);
}

TEST(IdempotencyKeyText, IsVisibleAscii) {
    EXPECT_TRUE(is_idempotency_key("a"));
    EXPECT_TRUE(is_idempotency_key(std::string(255, '~')));
    EXPECT_FALSE(is_idempotency_key(""));
    EXPECT_FALSE(is_idempotency_key(std::string(256, 'a')));
    EXPECT_FALSE(is_idempotency_key("a b"));
    EXPECT_FALSE(is_idempotency_key("a\n"));
    EXPECT_FALSE(is_idempotency_key("\xc3\xa9"));
}

std::string canonical(
    const OperationType& type, std::string_view target, std::string_view body,
    std::vector<std::string_view> elsewhere = {}
) {
    JsonDocument document;
    EXPECT_FALSE(document.parse(body));
    return canonical_request(type, target, RequestBody{document.root(), elsewhere});
}

TEST(CanonicalRequest, ForgetsTheOrderOfMembers) {
    EXPECT_EQ(
        canonical(debit_operation, "", R"({"wallet":"w","asset":"USD","amount":"1"})"),
        canonical(debit_operation, "", R"({ "amount":"1", "wallet":"w", "asset":"USD" })")
    );
}

TEST(CanonicalRequest, IsTheSameForALineOfABatch) {
    EXPECT_EQ(
        canonical(capture_operation, auth_id, R"({"amount":"1","final":false})"),
        canonical(
            capture_operation, auth_id,
            R"({"op":"capture","final":false,"authorization":"x","idempotency_key":"k",)"
            R"("amount":"1"})",
            {"op", "idempotency_key", "authorization"}
        )
    );
}

TEST(CanonicalRequest, DiffersByOperationTargetAndBody) {
    const std::string one = canonical(capture_operation, "a", R"({"amount":"1"})");
    EXPECT_NE(one, canonical(increment_operation, "a", R"({"amount":"1"})"));
    EXPECT_NE(one, canonical(capture_operation, "b", R"({"amount":"1"})"));
    EXPECT_NE(one, canonical(capture_operation, "a", R"({"amount":"2"})"));
    EXPECT_NE(one, canonical(capture_operation, "a", R"({"amount":1})"));
}

TEST(DryRun, HasNoIdempotencyKey) {
    const auto dry = read(
        authorize_operation, R"({"wallet":"w","asset":"USD","amount":"1","dry_run":true})", "", "k"
    );
    EXPECT_FALSE(dry->key);
    const auto wet =
        read(authorize_operation, R"({"wallet":"w","asset":"USD","amount":"1"})", "", "k");
    EXPECT_TRUE(wet->key);
}

}  // namespace
}  // namespace faregate::http
