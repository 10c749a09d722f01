#include "http/router.h"

#include <gtest/gtest.h>

#include "http/routes/routes.h"

namespace faregate::http {
namespace {

/// The route's name and id, or the code of the problem.
std::string find(Method method, std::string_view path) {
    static const Router router(all_routes());
    Request request;
    request.method = method;
    request.path = path;
    const Match match = router.find(request);
    if (match.route == nullptr) {
        std::string result(match.problem->type().code);
        if (!match.problem->allow.empty()) result += " " + std::string(match.problem->allow);
        return result;
    }
    std::string result(match.route->name);
    return request.id.empty() ? result : result + " " + request.id;
}

TEST(Router, FindsRoutes) {
    EXPECT_EQ(find(Method::post, "/v1/authorize"), "authorize");
    EXPECT_EQ(find(Method::get, "/v1/wallets"), "list_wallets");
    EXPECT_EQ(find(Method::post, "/v1/wallets"), "create_wallet");
    EXPECT_EQ(find(Method::get, "/v1/wallets/acme"), "get_wallet acme");
    EXPECT_EQ(find(Method::patch, "/v1/wallets/acme"), "update_wallet acme");
    EXPECT_EQ(find(Method::get, "/v1/wallets/acme/entries"), "list_entries acme");
    EXPECT_EQ(find(Method::post, "/v1/authorizations/auth_1/void"), "void auth_1");
    EXPECT_EQ(find(Method::get, "/openapi.yaml"), "openapi");
}

TEST(Router, DecodesIds) {
    EXPECT_EQ(find(Method::get, "/v1/wallets/a%40b.c"), "get_wallet a@b.c");
    EXPECT_EQ(find(Method::get, "/v1/wallets/a@b:c"), "get_wallet a@b:c");
    // A slash in an id does not make another path.
    EXPECT_EQ(find(Method::get, "/v1/wallets/a%2Fgrants"), "get_wallet a/grants");
    EXPECT_EQ(find(Method::get, "/v1/wallets/%zz"), "route_not_found");
    EXPECT_EQ(find(Method::get, "/v1/wallets/a%4"), "route_not_found");
}

TEST(Router, UnknownPathsHaveNoRoute) {
    for (const char* path :
         {"", "/", "v1/wallets", "/v1", "/v2/wallets", "/v1/wallets/", "/v1/wallets//grants",
          "/v1/wallets/a/b", "/v1/authorize/x", "//v1/wallets", "/v1/Wallets", "/healthz/", "*",
          "/1/2/3/4/5/6/7/8/9/10"}) {
        EXPECT_EQ(find(Method::get, path), "route_not_found") << path;
    }
}

TEST(Router, WrongMethodsAreToldTheRightOnes) {
    EXPECT_EQ(find(Method::get, "/v1/authorize"), "method_not_allowed POST");
    EXPECT_EQ(find(Method::other, "/v1/authorize"), "method_not_allowed POST");
    EXPECT_EQ(find(Method::post, "/v1/wallets/acme"), "method_not_allowed GET, PATCH");
    EXPECT_EQ(find(Method::patch, "/v1/assets"), "method_not_allowed POST, GET");
    EXPECT_EQ(find(Method::post, "/healthz"), "method_not_allowed GET");
}

}  // namespace
}  // namespace faregate::http
