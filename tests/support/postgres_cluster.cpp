#include "support/postgres_cluster.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>

namespace faregate::support {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void give_up(const std::string& message) {
    std::fprintf(stderr, "PostgreSQL for the tests: %s\n", message.c_str());
    std::abort();
}

/// The newest installed version's programs.
fs::path find_tools() {
    fs::path newest;
    int newest_version = 0;
    const fs::path root = "/usr/lib/postgresql";
    if (fs::exists(root)) {
        for (const auto& entry : fs::directory_iterator(root)) {
            const int version = std::atoi(entry.path().filename().c_str());
            if (version <= newest_version || !fs::exists(entry.path() / "bin/initdb")) continue;
            newest_version = version;
            newest = entry.path() / "bin";
        }
    }
    if (newest.empty()) give_up("no server below /usr/lib/postgresql; install postgresql");
    return newest;
}

/// The user that the server runs as; null: ourselves.
const passwd* server_user() {
    if (::geteuid() != 0) return nullptr;
    const passwd* user = ::getpwnam("postgres");
    if (user == nullptr) give_up("there is no user postgres to run the server as");
    return user;
}

/// In the child, between fork and exec.
void become(const passwd* user) {
    if (user == nullptr) return;
    if (::setgroups(0, nullptr) != 0 || ::setgid(user->pw_gid) != 0 ||
        ::setuid(user->pw_uid) != 0) {
        ::_exit(126);
    }
}

}  // namespace

PostgresCluster& PostgresCluster::instance() {
    static PostgresCluster cluster;
    return cluster;
}

PostgresCluster::PostgresCluster() : tools_(find_tools()) {
    // The path of a Unix socket is short, so this does not go below TMPDIR.
    std::string name = "/tmp/faregate-pg-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) give_up("cannot make " + name);
    folder_ = name;
    if (const passwd* user = server_user()) {
        if (::chown(name.c_str(), user->pw_uid, user->pw_gid) != 0) give_up("cannot chown");
    }
    check(
        {tool("initdb"), "-D", (folder_ / "data").string(), "-U", "postgres", "-A", "trust", "-E",
         "UTF8", "--locale=C", "--no-sync"}
    );
    start();
}

PostgresCluster::~PostgresCluster() {
    if (server_ > 0) stop(Stop::immediate);
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
}

std::string PostgresCluster::create_database() {
    const std::string name = "test_" + std::to_string(++databases_);
    check({tool("createdb"), "-h", folder_.string(), "-U", "postgres", name});
    return "postgresql://postgres@/" + name + "?host=" + folder_.string();
}

void PostgresCluster::start() {
    server_ = spawn(
        {tool("postgres"), "-D", (folder_ / "data").string(), "-k", folder_.string(), "-c",
         "listen_addresses=", "-c", "fsync=off", "-c", "full_page_writes=off", "-c",
         "max_connections=60", "-c", "log_min_messages=fatal"},
        true
    );
    const auto give_up_at = std::chrono::steady_clock::now() + std::chrono::seconds{60};
    while (run({tool("pg_isready"), "-q", "-h", folder_.string()}) != 0) {
        if (std::chrono::steady_clock::now() > give_up_at) give_up("the server does not answer");
        std::this_thread::sleep_for(std::chrono::milliseconds{20});
    }
}

void PostgresCluster::stop(Stop how) {
    // A signal to "process -1" would go to everybody.
    if (server_ <= 0) give_up("the server is not running");
    ::kill(server_, how == Stop::fast ? SIGINT : SIGQUIT);
    ::waitpid(server_, nullptr, 0);
    server_ = -1;
}

pid_t PostgresCluster::spawn(const std::vector<std::string>& command, bool dies_with_us) const {
    std::vector<char*> arguments;
    for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    const std::string log = (folder_ / "log").string();
    const passwd* user = server_user();

    const pid_t child = ::fork();
    if (child < 0) give_up("cannot fork");
    if (child > 0) return child;
    become(user);
    if (dies_with_us) ::prctl(PR_SET_PDEATHSIG, SIGQUIT);
    const int output = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (output >= 0) {
        ::dup2(output, STDOUT_FILENO);
        ::dup2(output, STDERR_FILENO);
    }
    if (::chdir("/") != 0) ::_exit(126);
    ::execv(arguments[0], arguments.data());
    ::_exit(127);
}

int PostgresCluster::run(const std::vector<std::string>& command) const {
    int status = 0;
    ::waitpid(spawn(command, false), &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void PostgresCluster::check(const std::vector<std::string>& command) const {
    if (run(command) == 0) return;
    give_up(command.front() + " failed; see " + (folder_ / "log").string());
}

}  // namespace faregate::support
