#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

namespace faregate::support {

/// A private PostgreSQL for one test process: made when first asked for, reachable by a Unix socket
/// only, gone with the process however that ends. As root, the server runs as user `postgres`.
/// Not thread-safe. Whatever cannot be done aborts the test with a message.
class PostgresCluster {
  public:
    static PostgresCluster& instance();
    ~PostgresCluster();
    PostgresCluster(const PostgresCluster&) = delete;
    PostgresCluster& operator=(const PostgresCluster&) = delete;

    /// Makes an empty database and returns its URL.
    std::string create_database();

    enum class Stop { fast, immediate };
    /// Ends the server: clients are told, or not even that.
    void stop(Stop how);
    void start();

  private:
    PostgresCluster();
    pid_t spawn(const std::vector<std::string>& command, bool dies_with_us) const;
    int run(const std::vector<std::string>& command) const;
    void check(const std::vector<std::string>& command) const;
    std::string tool(const std::string& name) const { return (tools_ / name).string(); }

    std::filesystem::path tools_;
    std::filesystem::path folder_;
    pid_t server_ = -1;
    int databases_ = 0;
};

}  // namespace faregate::support
