#pragma once

#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "faregate/journal/recovery.h"
#include "journal/format.h"
#include "support/memory_disk.h"

namespace faregate::journal::version_1 {

// Journals of small files that the last Faregate wrote which wrote version 1; see
// tests/data/make-journal-v1. They have the same records and end differently:
inline constexpr const char* stopped = "stopped";  ///< a clean stop, and a prepared file
inline constexpr const char* torn = "torn";        ///< a last write that lacks one sector

inline const std::string folder = "tests/data/journal-v1/small/";

inline std::string read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) throw std::runtime_error("cannot read " + path);
    return {std::istreambuf_iterator<char>(file), {}};
}

/// Puts one of the two on a disk in the place of what is there.
inline void load(support::MemoryDisk& disk, const std::string& ending) {
    disk.copy_from(support::MemoryDisk());
    const std::uint64_t count = 4;
    for (std::uint64_t sequence = 1; sequence <= count; ++sequence) {
        const std::string name = file_name(sequence);
        const std::string text = read_file(folder + ending + "/" + name);
        const auto view = std::as_bytes(std::span(text));
        std::vector<std::byte> bytes(view.begin(), view.end());
        // Without the zeros at its end, so that the repository need not keep them.
        bytes.resize(static_cast<std::size_t>(decode_file_header(bytes).value().file_size));
        disk.set_content(name, std::move(bytes));
    }
}

inline std::vector<std::string> records() {
    std::istringstream lines(read_file(folder + "records.txt"));
    std::vector<std::string> records;
    for (std::string line; std::getline(lines, line);) {
        std::string& record = records.emplace_back();
        for (std::size_t i = 0; i < line.size(); i += 2) {
            record += static_cast<char>(std::stoi(line.substr(i, 2), nullptr, 16));
        }
    }
    return records;
}

}  // namespace faregate::journal::version_1
