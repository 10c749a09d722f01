#include "cli/serve/descriptors.h"

#include <gtest/gtest.h>

#include <limits>

namespace faregate::cli {
namespace {

Settings settings(std::uint32_t connections_max) {
    Settings settings;
    settings.threads = 4;
    settings.database_connections = 8;
    settings.connections_max = connections_max;
    return settings;
}

TEST(Descriptors, AreReservedForEverythingButConnections) {
    EXPECT_EQ(reserved_descriptors(settings(1)), 64U + 4 * 4 + 2 * 8);
}

TEST(Descriptors, LeaveConnectionsMaxAloneWhereItFits) {
    EXPECT_EQ(connections_within(1'000, settings(904)).value(), 904U);
    const auto unlimited = std::numeric_limits<std::uint64_t>::max();
    EXPECT_EQ(connections_within(unlimited, settings(1'000'000)).value(), 1'000'000U);
}

TEST(Descriptors, LowerConnectionsMaxToWhatFits) {
    EXPECT_EQ(connections_within(1'000, settings(905)).value(), 904U);
    EXPECT_EQ(connections_within(112, settings(10'000)).value(), 16U);
}

TEST(Descriptors, RefuseToServeNextToNobody) {
    const auto refused = connections_within(111, settings(10'000));
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message.find("may open 111 files"), std::string::npos);
    EXPECT_NE(refused.error().message.find("needs 112"), std::string::npos);
    // Unless that was asked for.
    EXPECT_EQ(connections_within(111, settings(5)).value(), 5U);
}

}  // namespace
}  // namespace faregate::cli
