#pragma once

#include <cstdint>
#include <string>
#include <thread>

#include "faregate/http/server.h"

namespace faregate::cli {

/// Everything about a server that can be set. Each member is a flag, an environment variable and a
/// line of the configuration file, all of the same name: `--journal-keep-hours`,
/// FAREGATE_JOURNAL_KEEP_HOURS, `journal_keep_hours`.
struct Settings {
    std::string listen = "127.0.0.1:8080";
    std::string database_url;
    std::uint32_t database_connections = 8;
    std::string data_dir = "faregate-data";
    std::string bootstrap_key;

    http::Durability durability = http::Durability::journal;
    std::uint32_t durability_timeout_seconds = 10;
    std::uint32_t threads = std::thread::hardware_concurrency();
    std::uint32_t stripes = 256;
    std::uint32_t retention_seconds = 86'400;
    std::uint64_t answer_memory_bytes = std::uint64_t{8} << 20;

    std::uint64_t journal_file_bytes = std::uint64_t{64} << 20;
    std::uint64_t journal_queue_bytes = std::uint64_t{32} << 20;
    std::uint64_t journal_backlog_max = 5'000'000;
    std::uint32_t journal_keep_hours = 24;

    std::uint32_t rate_limit = 0;
    std::uint32_t connections_max = 10'000;
    std::uint64_t body_bytes_max = 1024 * 1024;
    std::uint64_t request_memory_bytes = std::uint64_t{256} << 20;
    std::uint32_t header_timeout_seconds = 10;
    std::uint32_t body_timeout_seconds = 30;
    std::uint32_t idle_timeout_seconds = 60;
    std::uint32_t write_timeout_seconds = 30;
    std::uint32_t shutdown_timeout_seconds = 20;

    std::string log_level = "info";
    std::string log_format = "text";
};

/// `host:port`, with an IPv6 address in brackets; taken apart.
struct ListenAddress {
    std::string host;
    std::uint16_t port = 0;
};

/// Precondition: `listen` passed the check of its setting.
ListenAddress listen_address(const Settings& settings);

}  // namespace faregate::cli
