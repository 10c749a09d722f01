// What routes share: keys, order of checks, durability, idempotency, batches.
#include <chrono>
#include <thread>

#include "server_fixture.h"

namespace faregate::http {
namespace {

using std::chrono::milliseconds;

class ServerRequest : public ServerTest {
  protected:
    RawReply authorize(std::string_view amount, std::string_view headers = "") {
        return call("POST", "/v1/authorize", authorize_body(amount), headers);
    }
    std::string available() {
        const RawReply reply = call("GET", "/v1/wallets/acme");
        const std::string name = R"("available":")";
        const std::size_t begin = reply.body.find(name) + name.size();
        return reply.body.substr(begin, reply.body.find('"', begin) - begin);
    }
};

TEST_F(ServerRequest, HoldsCapturesAndShowsTheWallet) {
    set_up();
    const RawReply held = authorize("30");
    ASSERT_EQ(held.status, 201);
    EXPECT_EQ(available(), "70");
    const std::string id = held.body.substr(7, 5 + 26);
    const RawReply captured =
        call("POST", "/v1/authorizations/" + id + "/capture", R"({"amount":12.5})");
    EXPECT_EQ(captured.status, 200) << captured.body;
    EXPECT_EQ(available(), "87.5");
    const RawReply read = call("GET", "/v1/authorizations/" + id);
    EXPECT_TRUE(read.says(R"("status":"captured")"));
    EXPECT_EQ(call("POST", "/v1/authorizations/" + id + "/void").status, 409);
}

TEST_F(ServerRequest, DeclinesWithNumbers) {
    set_up();
    const RawReply reply = authorize("100.01");
    EXPECT_EQ(reply.status, 402);
    EXPECT_TRUE(reply.has_header("Content-Type: application/problem+json"));
    EXPECT_TRUE(reply.says(R"("shortfall":"0.01")"));
    EXPECT_EQ(available(), "100");
}

TEST_F(ServerRequest, EveryKeyMayDoWhatItsScopesSay) {
    set_up();
    const auto status = [&](const char* method, const char* path, const char* body,
                            const char* key) { return call(method, path, body, "", key).status; };
    const std::string debit = authorize_body("1");
    EXPECT_EQ(status("POST", "/v1/debits", debit.c_str(), "spender"), 201);
    EXPECT_EQ(status("POST", "/v1/debits", debit.c_str(), "reader"), 403);
    EXPECT_EQ(status("POST", "/v1/debits", debit.c_str(), "nobody"), 401);
    EXPECT_EQ(status("POST", "/v1/debits", debit.c_str(), ""), 401);
    EXPECT_EQ(status("GET", "/v1/wallets/acme", "", "reader"), 200);
    EXPECT_EQ(status("GET", "/v1/wallets/acme", "", "spender"), 403);
    EXPECT_EQ(status("POST", "/v1/wallets", "{}", "spender"), 403);
    EXPECT_EQ(status("POST", "/v1/wallets", "{}", "reader"), 403);
    EXPECT_EQ(status("PATCH", "/v1/wallets/acme", R"({"status":"active"})", "spender"), 403);
    EXPECT_EQ(status("GET", "/healthz", "", ""), 200);
    EXPECT_EQ(status("GET", "/readyz", "", ""), 200);
    EXPECT_EQ(status("GET", "/metrics", "", ""), 200);
    EXPECT_EQ(status("GET", "/openapi.yaml", "", ""), 200);
}

TEST_F(ServerRequest, AKeyIsJudgedAnewOnEachRequestOfAConnection) {
    set_up();
    RawClient client = connect();
    for (const char* key : {"admin", "nobody", "admin", "reader", "admin"}) {
        client.send(request("POST", "/v1/debits", authorize_body("1"), "", key));
        const std::string_view name(key);
        EXPECT_EQ(client.read().status, name == "admin" ? 201 : name == "reader" ? 403 : 401);
    }
}

TEST_F(ServerRequest, AnUnauthenticatedReplyNamesTheScheme) {
    start();
    const RawReply reply = call("GET", "/v1/assets", "", "", "wrong");
    EXPECT_TRUE(reply.has_header("WWW-Authenticate: Bearer"));
    EXPECT_EQ(reply.body, call("GET", "/v1/assets", "", "", "").body);
    EXPECT_EQ(call("GET", "/v1/assets", "", "Authorization: Basic YWRtaW4=\r\n", "").status, 401);
    EXPECT_EQ(call("GET", "/v1/assets", "", "authorization: bearer admin\r\n", "").status, 200);
}

TEST_F(ServerRequest, FaultsComeInTheirOrder) {
    set_up();
    const std::string bad_json = "{";
    const std::string bad_member = R"({"wallet":"acme","asset":"USD","amount":"1","x":1})";
    const std::string bad_wallet = R"({"wallet":"nobody","asset":"EUR","amount":"-1"})";
    const std::string bad_asset = R"({"wallet":"acme","asset":"EUR","amount":"-1"})";
    const std::string bad_amount = R"({"wallet":"acme","asset":"USD","amount":"-1"})";
    EXPECT_EQ(call("POST", "/v1/nothing", bad_json, "", "").status, 404);
    EXPECT_EQ(call("PUT", "/v1/authorize", bad_json, "", "").status, 405);
    EXPECT_EQ(call("POST", "/v1/authorize", bad_json, "", "").status, 400);
    EXPECT_EQ(call("POST", "/v1/authorize", bad_member, "", "").status, 422);
    EXPECT_EQ(call("POST", "/v1/authorize", bad_wallet, "", "").status, 401);
    EXPECT_EQ(call("POST", "/v1/authorize", bad_wallet, "", "reader").status, 403);
    EXPECT_TRUE(call("POST", "/v1/authorize", bad_wallet).says("wallet_not_found"));
    EXPECT_TRUE(call("POST", "/v1/authorize", bad_asset).says("asset_not_found"));
    EXPECT_TRUE(call("POST", "/v1/authorize", bad_amount).says("invalid_amount"));
    EXPECT_EQ(available(), "100");
}

TEST_F(ServerRequest, TakesJsonOnly) {
    set_up();
    const std::string body = authorize_body("1");
    const auto status = [&](const char* type) {
        const std::string header = "Content-Type: " + std::string(type) + "\r\n";
        return call("POST", "/v1/debits", body, header).status;
    };
    EXPECT_EQ(status("application/json"), 201);
    EXPECT_EQ(status("Application/JSON; charset=utf-8"), 201);
    EXPECT_EQ(status("text/plain"), 415);
    EXPECT_EQ(status("application/x-www-form-urlencoded"), 415);
    EXPECT_EQ(status("application/jsonp"), 415);
}

TEST_F(ServerRequest, AReplyWaitsUntilItIsDurable) {
    set_up();
    log.hold();
    RawClient writer = connect();
    writer.send(request("POST", "/v1/debits", authorize_body("1")));
    while (log.log.size() < 5) std::this_thread::sleep_for(milliseconds(1));
    // A read of what is not durable yet waits too, and so does a decline that depends on it.
    RawClient reader = connect();
    reader.send(request("GET", "/v1/wallets/acme", ""));
    RawClient declined = connect();
    declined.send(request("POST", "/v1/debits", authorize_body("99.01")));
    RawClient other = connect();
    other.send(request("GET", "/v1/assets", ""));
    EXPECT_EQ(other.read().status, 200);
    std::atomic<bool> released{false};
    std::thread later([&] {
        std::this_thread::sleep_for(milliseconds(50));
        released = true;
        log.release();
    });
    EXPECT_EQ(writer.read().status, 201);
    EXPECT_TRUE(released);
    EXPECT_TRUE(reader.read().says(R"("available":"99")"));
    EXPECT_EQ(declined.read().status, 402);
    later.join();
}

// What a server that was stopped for long and wakes up has in its hands: a request that is
// executed and waits for the disk, and one that arrives now.
TEST_F(ServerRequest, NothingIsAnsweredWhileTheOwnershipIsInDoubt) {
    set_up();
    log.hold();
    RawClient executed = connect();
    const Lsn before = log.log.last();
    executed.send(request("POST", "/v1/debits", authorize_body("1")));
    while (log.log.last() == before) std::this_thread::sleep_for(milliseconds(1));
    owner = false;
    log.release();

    const RawReply refused = call("POST", "/v1/debits", authorize_body("1"));
    EXPECT_EQ(refused.status, 503);
    EXPECT_TRUE(refused.says("\"executed\":false")) << refused.body;
    EXPECT_EQ(call("GET", "/v1/wallets/acme").status, 503);
    EXPECT_EQ(call("GET", "/healthz").status, 200);
    EXPECT_FALSE(executed.has_input());

    owner = true;
    EXPECT_EQ(executed.read().status, 201);
    EXPECT_TRUE(call("GET", "/v1/wallets/acme").says("\"posted\":\"99\""));
}

TEST_F(ServerRequest, PostgresDurabilityWaitsForTheProjection) {
    set_up();
    const std::string header = "Faregate-Durability: postgres\r\n";
    const RawReply late = authorize("1", header);
    EXPECT_EQ(late.status, 504);
    EXPECT_TRUE(late.says(R"("executed":true,"lsn":5)"));
    EXPECT_EQ(available(), "99");
    applied.publish(Lsn{100});
    EXPECT_EQ(authorize("1", header).status, 201);
}

TEST_F(ServerRequest, PostgresDurabilityIsRefusedWhileTheDatabaseIsAway) {
    set_up();
    database_reachable = false;
    const RawReply reply = authorize("1", "Faregate-Durability: postgres\r\n");
    EXPECT_EQ(reply.status, 503);
    EXPECT_TRUE(reply.says("database_unavailable"));
    EXPECT_TRUE(reply.says("not executed"));
    EXPECT_TRUE(reply.says(R"("executed":false)"));
    EXPECT_EQ(authorize("1").status, 201);
    EXPECT_EQ(available(), "99");
}

TEST_F(ServerRequest, TheServersDurabilityCannotBeLowered) {
    options.durability = Durability::postgres;
    applied.publish(Lsn{4});
    set_up();
    EXPECT_EQ(authorize("1").status, 504);
    EXPECT_EQ(authorize("1", "Faregate-Durability: journal\r\n").status, 504);
}

TEST_F(ServerRequest, HeadersAreReadStrictly) {
    set_up();
    for (const std::string header :
         {"Faregate-Durability: disk\r\n", "Faregate-Durability: \r\n", "Idempotency-Key: \r\n",
          "Idempotency-Key: a b\r\n", "Idempotency-Key: a\r\nIdempotency-Key: b\r\n"}) {
        const RawReply reply = authorize("1", header);
        EXPECT_EQ(reply.status, 400) << header;
        EXPECT_TRUE(reply.says("invalid_header")) << header;
    }
    EXPECT_EQ(authorize("1", "Idempotency-Key: " + std::string(256, 'k') + "\r\n").status, 400);
    EXPECT_EQ(available(), "100");
}

TEST_F(ServerRequest, AReplayIsByteIdenticalAndHasNoEffect) {
    set_up();
    const std::string key = "Idempotency-Key: k1\r\n";
    const RawReply first = authorize("30", key);
    EXPECT_EQ(first.status, 201);
    EXPECT_FALSE(first.has_header("Idempotency-Replayed: true"));
    authorize("20");
    clock.advance(Duration::seconds(10));
    const RawReply second = authorize("30", key);
    EXPECT_EQ(second.status, 201);
    EXPECT_EQ(second.body, first.body);
    EXPECT_TRUE(second.has_header("Idempotency-Replayed: true"));
    EXPECT_EQ(available(), "50");

    const RawReply reused = authorize("31", key);
    EXPECT_EQ(reused.status, 422);
    EXPECT_TRUE(reused.says("idempotency_key_reused"));
    EXPECT_EQ(available(), "50");
}

TEST_F(ServerRequest, ADeclineIsReplayedToo) {
    set_up();
    const std::string key = "Idempotency-Key: k1\r\n";
    const RawReply first = authorize("150", key);
    EXPECT_EQ(first.status, 402);
    call("POST", "/v1/wallets/acme/grants", R"({"asset":"USD","amount":"100"})");
    const RawReply second = authorize("150", key);
    EXPECT_EQ(second.body, first.body);
    EXPECT_TRUE(second.has_header("Idempotency-Replayed: true"));
}

TEST_F(ServerRequest, AWalletWithoutAnIdIsFoundAgainByItsKey) {
    set_up();
    const RawReply first = call("POST", "/v1/wallets", "{}", "Idempotency-Key: w\r\n");
    const RawReply second = call("POST", "/v1/wallets", "{}", "Idempotency-Key: w\r\n");
    EXPECT_EQ(first.status, 201);
    EXPECT_EQ(first.body, second.body);
    EXPECT_NE(call("POST", "/v1/wallets", "{}").body, call("POST", "/v1/wallets", "{}").body);
    const RawReply other = call("POST", "/v1/wallets", R"({"name":"n"})", "Idempotency-Key: w\r\n");
    EXPECT_TRUE(other.says("idempotency_key_reused"));
}

TEST_F(ServerRequest, ABatchAnswersEachOperationAsItsOwnCallWould) {
    set_up();
    const RawReply reply = call(
        "POST", "/v1/batch",
        R"({"operations":[
            {"op":"create_wallet","id":"beta"},
            {"op":"grant","wallet":"beta","asset":"TOKENS","amount":"10"},
            {"op":"debit","wallet":"beta","asset":"TOKENS","amount":"4","idempotency_key":"d"},
            {"op":"debit","wallet":"beta","asset":"TOKENS","amount":"7"},
            {"op":"debit","wallet":"beta","asset":"TOKENS","amuont":"1"},
            {"op":"revoke"}, 7,
            {"op":"capture","authorization":"auth_1"}, {"op":"void"}]})"
    );
    EXPECT_EQ(reply.status, 200);
    std::string statuses;
    for (std::size_t at = 0; (at = reply.body.find(R"({"status":)", at)) != std::string::npos;) {
        at += 10;
        statuses += reply.body.substr(at, 3) + " ";
    }
    EXPECT_EQ(statuses, "201 201 201 402 422 422 422 404 422 ");
    EXPECT_TRUE(reply.says(R"("member":"amuont")"));
    const RawReply single = call(
        "POST", "/v1/debits", R"({"amount":"4","wallet":"beta","asset":"TOKENS"})",
        "Idempotency-Key: d\r\n"
    );
    EXPECT_TRUE(single.has_header("Idempotency-Replayed: true"));
    EXPECT_TRUE(reply.says(single.body));
}

TEST_F(ServerRequest, ABatchJudgesTheScopeOfEachOperation) {
    set_up();
    const std::string body = R"({"operations":[{"op":"create_wallet","id":"beta"},
        {"op":"debit","wallet":"acme","asset":"USD","amount":"1"}]})";
    const RawReply reply = call("POST", "/v1/batch", body, "", "spender");
    EXPECT_EQ(reply.status, 200);
    EXPECT_TRUE(reply.says(R"([{"status":403)"));
    EXPECT_TRUE(reply.says(R"({"status":201)"));
    EXPECT_EQ(call("POST", "/v1/batch", body, "", "reader").status, 403);
}

TEST_F(ServerRequest, ABatchWithABadEnvelopeDoesNothing) {
    set_up();
    const std::string debit = R"({"op":"debit","wallet":"acme","asset":"USD","amount":"1"})";
    std::string many = debit;
    for (int i = 0; i < 1000; ++i) many += "," + debit;
    for (const std::string& body :
         {R"({"operations":[)" + debit + R"(],"x":1})", std::string(R"({"operations":[]})"),
          std::string(R"({"operations":7})"), std::string("{}"), std::string("[]"),
          R"({"operations":[)" + many + "]}"}) {
        EXPECT_EQ(call("POST", "/v1/batch", body).status, 422);
    }
    EXPECT_EQ(call("POST", "/v1/batch", R"({"operations":[)" + debit).status, 400);
    EXPECT_EQ(available(), "100");
}

TEST_F(ServerRequest, TheKeyOfABatchCountsForItsOperations) {
    set_up();
    const std::string body = R"({"operations":[
        {"op":"debit","wallet":"acme","asset":"USD","amount":"1"},
        {"op":"debit","wallet":"acme","asset":"USD","amount":"1"}]})";
    const RawReply first = call("POST", "/v1/batch", body, "Idempotency-Key: b\r\n");
    const RawReply second = call("POST", "/v1/batch", body, "Idempotency-Key: b\r\n");
    EXPECT_EQ(first.body, second.body);
    EXPECT_EQ(available(), "98");
}

TEST_F(ServerRequest, AJournalThatTakesNoMoreIsSaidBeforeAnythingHappens) {
    set_up();
    log.log.refuse_after(0);
    const RawReply reply = authorize("1");
    EXPECT_EQ(reply.status, 503);
    EXPECT_TRUE(reply.has_header("Retry-After: 1"));
    EXPECT_TRUE(reply.says("not executed"));
    log.log.accept_again();
    EXPECT_EQ(available(), "100");
}

TEST_F(ServerRequest, AKeyHasARate) {
    options.rate_limit = 5;
    start();
    RawClient client = connect();
    int limited = 0;
    for (int i = 0; i < 20; ++i) {
        client.send(request("GET", "/v1/assets", ""));
        const RawReply reply = client.read();
        if (reply.status != 429) continue;
        EXPECT_TRUE(reply.has_header("Retry-After: 1"));
        ++limited;
    }
    EXPECT_GE(limited, 10);
    // Another key has a rate of its own, and probes have none.
    EXPECT_EQ(call("GET", "/v1/assets", "", "", "reader").status, 200);
    EXPECT_EQ(call("GET", "/healthz").status, 200);
}

TEST_F(ServerRequest, PatchAnswersWithTheWholeWallet) {
    set_up();
    const RawReply reply =
        call("PATCH", "/v1/wallets/acme", R"({"name":"Acme","overdraft_limits":{"USD":"50"}})");
    EXPECT_EQ(reply.status, 200);
    EXPECT_TRUE(reply.says(R"("name":"Acme")"));
    EXPECT_TRUE(reply.says(R"("available":"150","overdraft_limit":"50")"));
    EXPECT_EQ(call("PATCH", "/v1/wallets/nobody", R"({"name":"x"})").status, 404);
    EXPECT_EQ(call("PATCH", "/v1/wallets/a%20b", R"({"name":"x"})").status, 404);
}

TEST_F(ServerRequest, ReadinessGivesReasons) {
    start();
    EXPECT_EQ(call("GET", "/readyz").status, 200);
    ready = false;
    const RawReply reply = call("GET", "/readyz");
    EXPECT_EQ(reply.status, 503);
    EXPECT_TRUE(reply.says(R"("ready":false,"reasons":["not yet"])"));
}

TEST_F(ServerRequest, ListsAreRefusedWhileTheDatabaseIsAway) {
    set_up();
    database_reachable = false;
    for (const char* path :
         {"/v1/wallets", "/v1/wallets/acme/entries", "/v1/wallets/acme/grants", "/v1/audit"}) {
        const RawReply reply = call("GET", path);
        EXPECT_EQ(reply.status, 503) << path;
        EXPECT_TRUE(reply.says("database_unavailable")) << path;
    }
    EXPECT_EQ(call("GET", "/v1/wallets/acme/balances").status, 200);
    EXPECT_EQ(call("GET", "/v1/wallets/nobody/entries").status, 404);
    EXPECT_EQ(call("GET", "/v1/wallets?limt=1").status, 422);
    EXPECT_EQ(call("GET", "/v1/wallets/acme/balances?at=2999-01-01T00:00:00Z").status, 422);
}

TEST_F(ServerRequest, RequestsAreCountedByRouteAndOutcome) {
    set_up();
    authorize("1");
    authorize("1000");
    call("GET", "/v1/nothing");
    const std::string metrics = call("GET", "/metrics").body;
    const auto has = [&](const char* line) { return metrics.find(line) != std::string::npos; };
    EXPECT_TRUE(has(R"(faregate_http_requests_total{outcome="201",route="authorize"} 1)"))
        << metrics.substr(0, 3000);
    EXPECT_TRUE(
        has(R"(faregate_http_requests_total{outcome="insufficient_funds",route="authorize"} 1)")
    );
    EXPECT_TRUE(has(R"(faregate_http_requests_total{outcome="route_not_found",route="none"} 1)"));
    EXPECT_TRUE(has(R"(faregate_http_request_seconds_count{route="authorize"} 2)"));
}

}  // namespace
}  // namespace faregate::http
