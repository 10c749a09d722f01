// What happens on a connection, whatever the routes do.
#include <chrono>
#include <thread>

#include "server_fixture.h"

namespace faregate::http {
namespace {

using std::chrono::milliseconds;

class ServerConnection : public ServerTest {};

TEST_F(ServerConnection, StaysOpenForTheNextRequest) {
    start();
    RawClient client = connect();
    for (int i = 0; i < 3; ++i) {
        client.send(request("GET", "/healthz", ""));
        const RawReply reply = client.read();
        EXPECT_EQ(reply.status, 200);
        EXPECT_FALSE(reply.has_header("Connection: close"));
    }
}

TEST_F(ServerConnection, ClosesWhenAsked) {
    start();
    RawClient client = connect();
    client.send(request("GET", "/healthz", "", "Connection: close\r\n"));
    EXPECT_TRUE(client.read().has_header("Connection: close"));
    EXPECT_TRUE(client.is_closed());
}

TEST_F(ServerConnection, Http10ClosesUnlessItAsksToStay) {
    start();
    RawClient client = connect();
    client.send("GET /healthz HTTP/1.0\r\n\r\n");
    EXPECT_EQ(client.read().status, 200);
    EXPECT_TRUE(client.is_closed());
    RawClient staying = connect();
    staying.send("GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    EXPECT_TRUE(staying.read().has_header("Connection: keep-alive"));
    staying.send("GET /healthz HTTP/1.0\r\n\r\n");
    EXPECT_EQ(staying.read().status, 200);
}

TEST_F(ServerConnection, AnswersPipelinedRequestsInTheirOrder) {
    set_up();
    RawClient client = connect();
    std::string all;
    for (int i = 1; i <= 50; ++i) {
        all += request("POST", "/v1/debits", authorize_body(std::to_string(i) + ".00"));
        all += request("GET", "/v1/nothing", "");
    }
    client.send(all);
    for (int i = 1; i <= 50; ++i) {
        const RawReply reply = client.read();
        // 1 + 2 + ... + 13 is 91; the fourteenth does not fit into 100 any more.
        ASSERT_EQ(reply.status, i <= 13 ? 201 : 402) << i << reply.body;
        ASSERT_EQ(client.read().status, 404);
    }
}

TEST_F(ServerConnection, TakesARequestByteByByte) {
    set_up();
    RawClient client = connect();
    for (const char c : request("POST", "/v1/debits", authorize_body("1"))) {
        client.send(std::string_view(&c, 1));
        std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
    EXPECT_EQ(client.read().status, 201);
}

TEST_F(ServerConnection, TakesChunkedBodies) {
    set_up();
    RawClient client = connect();
    const std::string body = authorize_body("1");
    std::string text = request("POST", "/v1/debits", "", "Transfer-Encoding: chunked\r\n");
    for (const char c : body) text += "1\r\n" + std::string(1, c) + "\r\n";
    client.send(text + "0\r\n\r\n" + request("GET", "/healthz", ""));
    EXPECT_EQ(client.read().status, 201);
    EXPECT_EQ(client.read().status, 200);
}

TEST_F(ServerConnection, SaysContinueToThoseWhoWaitForIt) {
    set_up();
    RawClient client = connect();
    const std::string body = authorize_body("1");
    client.send(
        "POST /v1/debits HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer admin\r\n"
        "Expect: 100-continue\r\nContent-Length: " +
        std::to_string(body.size()) + "\r\n\r\n"
    );
    EXPECT_EQ(client.read().status, 100);
    client.send(body);
    EXPECT_EQ(client.read().status, 201);
}

TEST_F(ServerConnection, RefusesABodyOverTheLimitBeforeItHasCome) {
    options.body_bytes_max = 1000;
    start();
    RawClient client = connect();
    client.send("POST /v1/debits HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n");
    const RawReply reply = client.read();
    EXPECT_EQ(reply.status, 413);
    EXPECT_TRUE(reply.says("body_too_large"));
    EXPECT_TRUE(reply.has_header("Connection: close"));
    EXPECT_TRUE(client.is_closed());
}

TEST_F(ServerConnection, TheRefusalOfALargeBodyArrivesThoughTheClientGoesOnSending) {
    start();
    RawClient client = connect();
    client.send(request("POST", "/v1/debits", std::string(2 * 1024 * 1024, ' ')));
    EXPECT_EQ(client.read().status, 413);
}

TEST_F(ServerConnection, RefusesAChunkedBodyOverTheLimit) {
    options.body_bytes_max = 1000;
    start();
    RawClient client = connect();
    std::string text = request("POST", "/v1/debits", "", "Transfer-Encoding: chunked\r\n");
    for (int i = 0; i < 11; ++i) text += "64\r\n" + std::string(100, ' ') + "\r\n";
    client.send(text);
    EXPECT_EQ(client.read().status, 413);
}

TEST_F(ServerConnection, TakesABodyAtTheLimit) {
    options.body_bytes_max = 1000;
    set_up();
    std::string body = authorize_body("1");
    body.append(1000 - body.size(), ' ');
    EXPECT_EQ(call("POST", "/v1/debits", body).status, 201);
}

TEST_F(ServerConnection, RefusesHeadersOverTheLimit) {
    start();
    const std::string header = "X-Long: " + std::string(17 * 1024, 'x') + "\r\n";
    const RawReply reply = call("GET", "/healthz", "", header);
    EXPECT_EQ(reply.status, 431);
    EXPECT_TRUE(reply.says("headers_too_large"));
}

// Beast limits a request's headers, but neither the extensions of a chunk nor the trailers after
// the last one. Without a key, anybody could send them without an end and fill the server's memory.
TEST_F(ServerConnection, RefusesChunkExtensionsAndTrailersWithoutEnd) {
    start();
    for (const std::string begin : {"1;a=", "0\r\nX: "}) {
        RawClient client = connect();
        const std::string head =
            "POST /v1/debits HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
        client.send(head + begin + std::string(17 * 1024, 'b'));
        const RawReply reply = client.read();
        EXPECT_EQ(reply.status, 431) << begin;
        EXPECT_TRUE(reply.says("headers_too_large"));
        EXPECT_TRUE(client.is_closed());
    }
}

TEST_F(ServerConnection, RefusesWhatIsNotHttp) {
    start();
    for (const char* text :
         {"hello\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "GET /healthz HTTP/1.1\r\nno colon\r\n\r\n",
          "POST /v1/debits HTTP/1.1\r\nContent-Length: x\r\n\r\n",
          "POST /v1/debits HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
          "POST /v1/debits HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"}) {
        RawClient client = connect();
        client.send(text);
        const RawReply reply = client.read();
        EXPECT_EQ(reply.status, 400) << text;
        EXPECT_TRUE(reply.says("malformed_request")) << text;
        EXPECT_TRUE(client.is_closed()) << text;
    }
}

// Where one request ends is where the next one begins. A server on the way that reads one of these
// differently would let a client put a request into the mouth of another.
TEST_F(ServerConnection, RefusesWhatAnotherServerCouldReadDifferently) {
    set_up();
    const std::string inner = request("POST", "/v1/debits", authorize_body("1"));
    const std::string start = "POST /v1/debits HTTP/1.1\r\nHost: x\r\n";
    const std::string length = "Content-Length: " + std::to_string(inner.size()) + "\r\n";
    for (const std::string& text : {
             start + "Transfer-Encoding: gzip\r\n\r\n",
             start + "Transfer-Encoding: chunked, chunked\r\n\r\n",
             start + "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
             start + "Transfer-Encoding: chunked\r\n" + length + "\r\n0\r\n\r\n",
             start + "Transfer-Encoding: xchunked\r\n" + length + "\r\n",
             start + length + length + "\r\n",
             start + "Content-Length: 2, 2\r\n\r\n{}",
             start + "Content-Length: +2\r\n\r\n{}",
             start + "Content-Length : 2\r\n\r\n{}",
             start + "Host: y\r\nContent-Length: 2\r\n\r\n{}",
             std::string("POST /v1/debits HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}"),
             std::string("POST /v1/debits HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
         }) {
        RawClient client = connect();
        client.send(text + inner);
        const RawReply reply = client.read();
        EXPECT_EQ(reply.status, 400) << text;
        EXPECT_TRUE(reply.says("malformed_request")) << text;
        EXPECT_TRUE(client.is_closed()) << text;
    }
    EXPECT_TRUE(call("GET", "/v1/wallets/acme").says(R"("available":"100")"));
}

// Beast puts trailers among the headers: a key could come after the body, and past whoever checks
// headers on the way.
TEST_F(ServerConnection, RefusesTrailers) {
    set_up();
    RawClient client = connect();
    const std::string body = authorize_body("1");
    client.send("POST /v1/debits HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + [&] {
        std::string chunks;
        for (const char c : body) chunks += "1\r\n" + std::string(1, c) + "\r\n";
        return chunks;
    }() + "0\r\nAuthorization: Bearer admin\r\n\r\n");
    const RawReply reply = client.read();
    EXPECT_EQ(reply.status, 400);
    EXPECT_TRUE(reply.says("trailers"));
    EXPECT_TRUE(call("GET", "/v1/wallets/acme").says(R"("available":"100")"));
}

TEST_F(ServerConnection, RefusesTooManyHeaderFields) {
    start();
    std::string fields;
    for (int i = 0; i < 98; ++i) fields += "A" + std::to_string(i) + ":\r\n";
    EXPECT_EQ(call("GET", "/healthz", "", fields).status, 200);
    const RawReply reply = call("GET", "/healthz", "", fields + "B:\r\n");
    EXPECT_EQ(reply.status, 431);
    EXPECT_TRUE(reply.says("100 fields"));
}

TEST_F(ServerConnection, ALargeBodyThatFindsNoMemoryIsRefusedAndASmallOneIsNot) {
    options.body_bytes_max = 100'000;
    options.request_memory_bytes = 250'000;
    set_up();
    RawClient first = connect();
    RawClient second = connect();
    for (RawClient* holder : {&first, &second}) {
        std::string all = request("POST", "/v1/debits", std::string(100'000, ' '));
        all.pop_back();
        holder->send(all);
    }
    const std::string body = authorize_body("1");
    RawReply reply;
    while (reply.status != 503) {
        reply = call("POST", "/v1/debits", body + std::string(60'000, ' '));
        ASSERT_TRUE(reply.status == 503 || reply.status == 201) << reply.body;
    }
    EXPECT_TRUE(reply.says(R"("executed":false)"));
    EXPECT_TRUE(reply.has_header("Retry-After: 1"));
    EXPECT_EQ(call("POST", "/v1/debits", body).status, 201);
    for (RawClient* holder : {&first, &second}) {
        holder->send(" ");
        EXPECT_NE(holder->read().status, 0);
    }
    EXPECT_EQ(call("POST", "/v1/debits", body + std::string(60'000, ' ')).status, 201);
}

TEST_F(ServerConnection, ALargeAnswerThatFindsNoMemoryIsRefused) {
    options.request_memory_bytes = 1;
    set_up();
    const RawReply reply = call("GET", "/openapi.yaml");
    EXPECT_EQ(reply.status, 503);
    EXPECT_TRUE(reply.says("large answers"));
    EXPECT_EQ(call("GET", "/metrics").status, 200);
    EXPECT_EQ(call("GET", "/healthz").status, 200);
}

TEST_F(ServerConnection, AClientThatDoesNotReadIsGivenUp) {
    options.write_timeout_ms = 50;
    options.idle_timeout_ms = 600'000;
    start();
    RawClient client = connect();
    // All of these fit into the buffers of the sockets, and all of their answers do not.
    constexpr int count = 500;
    for (int i = 0; i < count; ++i) client.send(request("GET", "/openapi.yaml", ""));
    bool closed = false;
    for (int tries = 0; tries < 1'000 && !closed; ++tries) {
        closed = call("GET", "/metrics").says("faregate_http_connections 1\n");
        std::this_thread::sleep_for(milliseconds(10));
    }
    ASSERT_TRUE(closed);
    int answers = 0;
    while (client.read().status == 200) ++answers;
    EXPECT_LT(answers, count);
}

TEST_F(ServerConnection, AHalfClosedClientGetsItsAnswers) {
    set_up();
    RawClient client = connect();
    client.send(
        request("POST", "/v1/debits", authorize_body("1")) + request("GET", "/v1/assets", "")
    );
    client.half_close();
    EXPECT_EQ(client.read().status, 201);
    EXPECT_EQ(client.read().status, 200);
    EXPECT_TRUE(client.is_closed());
}

// Closing with something unread resets the connection, and the answer is lost on its way.
TEST_F(ServerConnection, TheLastAnswerArrivesThoughMoreWasSent) {
    start();
    for (int i = 0; i < 20; ++i) {
        RawClient client(server->port(), 4'096);
        // Not so much that the client would have to read before it has sent all.
        client.send(
            request("GET", "/openapi.yaml", "", "Connection: close\r\n") + std::string(30'000, 'x')
        );
        EXPECT_EQ(client.read().status, 200);
        EXPECT_TRUE(client.is_closed());
    }
}

TEST_F(ServerConnection, HeadAndOtherMethodsAreNotAllowed) {
    start();
    const RawReply head = call("HEAD", "/healthz");
    EXPECT_EQ(head.status, 405);
    EXPECT_TRUE(head.has_header("Allow: GET"));
    EXPECT_EQ(call("OPTIONS", "/v1/wallets").status, 405);
    EXPECT_EQ(call("DELETE", "/v1/wallets/acme").status, 405);
    EXPECT_EQ(call("BREW", "/v1/wallets").status, 405);
    EXPECT_TRUE(call("PUT", "/v1/wallets").has_header("Allow: POST, GET"));
}

TEST_F(ServerConnection, AHeadReplyHasNoBody) {
    start();
    RawClient client = connect();
    client.send(request("HEAD", "/healthz", "") + request("GET", "/healthz", ""));
    EXPECT_EQ(client.read(true).status, 405);
    EXPECT_EQ(client.read().status, 200);
}

TEST_F(ServerConnection, ClosesWhatIsIdleForTooLong) {
    options.idle_timeout_ms = 50;
    start();
    RawClient silent = connect();
    EXPECT_TRUE(silent.is_closed());
    RawClient client = connect();
    client.send(request("GET", "/healthz", ""));
    EXPECT_EQ(client.read().status, 200);
    EXPECT_TRUE(client.is_closed());
}

TEST_F(ServerConnection, AByteNowAndThenDoesNotKeepAConnection) {
    options.header_timeout_ms = 100;
    start();
    RawClient client = connect();
    client.send("GET /healthz HTTP/1.1\r\nX: ");
    const auto began = std::chrono::steady_clock::now();
    std::thread trickle([&] {
        for (int i = 0; i < 40; ++i) {
            client.send("x");
            std::this_thread::sleep_for(milliseconds(10));
        }
    });
    EXPECT_TRUE(client.is_closed());
    EXPECT_LT(std::chrono::steady_clock::now() - began, milliseconds(350));
    trickle.join();
}

// The deadline of the body closed a connection whose request, which came in two parts, was already
// being executed: the client never heard of it.
TEST_F(ServerConnection, AnAnswerMayTakeLongerThanItsRequestMight) {
    options.header_timeout_ms = options.body_timeout_ms = 150;
    set_up();
    log.hold();
    RawClient client = connect();
    const std::string whole = request("POST", "/v1/debits", authorize_body("1"));
    client.send(whole.substr(0, whole.size() - 5));
    std::this_thread::sleep_for(milliseconds(20));
    client.send(whole.substr(whole.size() - 5));
    std::this_thread::sleep_for(milliseconds(500));
    EXPECT_FALSE(client.has_input());
    log.release();
    EXPECT_EQ(client.read().status, 201);
}

TEST_F(ServerConnection, ClosesWhenABodyDoesNotCome) {
    options.body_timeout_ms = 50;
    start();
    RawClient client = connect();
    client.send("POST /v1/debits HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{");
    EXPECT_TRUE(client.is_closed());
}

TEST_F(ServerConnection, RefusesConnectionsOverTheLimit) {
    options.connections_max = 2;
    start();
    RawClient first = connect();
    RawClient second = connect();
    for (RawClient* client : {&first, &second}) {
        client->send(request("GET", "/healthz", ""));
        ASSERT_EQ(client->read().status, 200);
    }
    RawClient third = connect();
    const RawReply reply = third.read();
    EXPECT_EQ(reply.status, 503);
    EXPECT_TRUE(reply.says("too_many_connections"));
    EXPECT_TRUE(third.is_closed());
    first.send(request("GET", "/metrics", ""));
    EXPECT_TRUE(first.read().says("faregate_http_rejected_connections_total 1"));
}

TEST_F(ServerConnection, APlaceIsFreeAgainAfterAConnectionEnds) {
    options.connections_max = 1;
    start();
    for (int i = 0; i < 20; ++i) {
        RawReply reply;
        for (int tries = 0; reply.status != 200 && tries < 500; ++tries) {
            reply = call("GET", "/healthz", "", "Connection: close\r\n");
            if (reply.status != 200) std::this_thread::sleep_for(milliseconds(2));
        }
        ASSERT_EQ(reply.status, 200) << i;
    }
}

TEST_F(ServerConnection, StoppingClosesIdleConnections) {
    start();
    RawClient client = connect();
    client.send(request("GET", "/healthz", ""));
    EXPECT_EQ(client.read().status, 200);
    const auto began = std::chrono::steady_clock::now();
    server->stop();
    EXPECT_LT(std::chrono::steady_clock::now() - began, milliseconds(1000));
    EXPECT_TRUE(client.is_closed());
}

TEST_F(ServerConnection, StoppingFinishesWhatHasBegun) {
    set_up();
    log.hold();
    RawClient client = connect();
    client.send(request("POST", "/v1/debits", authorize_body("1")));
    while (log.log.size() < 5) std::this_thread::sleep_for(milliseconds(1));
    std::thread stopping([&] { server->stop(); });
    std::this_thread::sleep_for(milliseconds(50));
    log.release();
    const RawReply reply = client.read();
    EXPECT_EQ(reply.status, 201);
    EXPECT_TRUE(reply.has_header("Connection: close"));
    stopping.join();
    EXPECT_TRUE(client.is_closed());
}

TEST_F(ServerConnection, StoppingDoesNotWaitForEver) {
    options.stop_timeout_ms = 50;
    set_up();
    log.hold();
    RawClient client = connect();
    client.send(request("POST", "/v1/debits", authorize_body("1")));
    while (log.log.size() < 5) std::this_thread::sleep_for(milliseconds(1));
    server->stop();
    EXPECT_EQ(client.read().status, 0);
}

TEST_F(ServerConnection, APortThatIsInUseIsAnError) {
    start();
    ServerOptions same = options;
    same.port = server->port();
    Server second(
        same,
        Dependencies{
            engine, durable, applied, queries, registry,
            Health{
                [] { return std::vector<std::string>{}; }, [] { return true; }, [] { return true; },
                [] { return Lsn{}; }},
            []() -> Result<std::vector<postgres::ApiKey>> {
                return std::vector<postgres::ApiKey>{};
            },
            nullptr}
    );
    const auto status = second.start();
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, ErrorCode::io);
    EXPECT_NE(status.error().message.find("in use"), std::string::npos);
}

}  // namespace
}  // namespace faregate::http
