#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace faregate::fuzz {

using RecordList = std::vector<std::string>;

/// Records one after the other, each with its length before it: 2 bytes, low one first. The last
/// one may be cut.
inline RecordList read_records(std::string_view input) {
    constexpr std::size_t records_max = 32;
    RecordList records;
    while (input.size() > 2 && records.size() < records_max) {
        const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(input[i]); };
        const std::size_t length = byte(0) + std::size_t{256} * byte(1);
        input.remove_prefix(2);
        records.emplace_back(input.substr(0, length));
        input.remove_prefix(records.back().size());
    }
    return records;
}

/// The inverse. Precondition: no record has 65,536 bytes or more.
inline std::string write_records(const RecordList& records) {
    std::string input;
    for (const std::string& record : records) {
        input.push_back(static_cast<char>(record.size() % 256));
        input.push_back(static_cast<char>(record.size() / 256));
        input += record;
    }
    return input;
}

}  // namespace faregate::fuzz
