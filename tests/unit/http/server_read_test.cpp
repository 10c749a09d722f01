#include <chrono>
#include <thread>

#include "server_fixture.h"

namespace faregate::http {
namespace {

using std::chrono::milliseconds;
using ServerRead = ServerTest;

TEST_F(ServerRead, WaitsUntilWhatItShowsIsDurable) {
    set_up();
    const RawReply held = call("POST", "/v1/authorize", authorize_body("30"));
    const std::string id = held.body.substr(7, 5 + 26);
    log.hold();
    RawClient writer = connect();
    const Lsn before = log.log.last();
    writer.send(request("POST", "/v1/authorizations/" + id + "/void", ""));
    while (log.log.last() == before) std::this_thread::sleep_for(milliseconds(1));

    std::atomic<int> shown{0};
    const auto show = [&](const std::string& path, const std::string& expected) {
        RawClient reader = connect();
        reader.send(request("GET", path, ""));
        EXPECT_TRUE(reader.read().says(expected)) << path;
        ++shown;
    };
    std::thread wallet([&] { show("/v1/wallets/acme", R"("available":"100")"); });
    std::thread hold([&] { show("/v1/authorizations/" + id, R"("status":"voided")"); });
    // What need not wait is answered meanwhile, and so often that the others had time to go wrong.
    RawClient other = connect();
    for (int i = 0; i < 100; ++i) {
        other.send(request("GET", "/v1/assets", ""));
        EXPECT_EQ(other.read().status, 200);
        std::this_thread::sleep_for(milliseconds(1));
    }
    EXPECT_EQ(shown, 0);
    log.release();
    EXPECT_EQ(writer.read().status, 200);
    wallet.join();
    hold.join();
}

}  // namespace
}  // namespace faregate::http
