#include "cli/table.h"

#include <fmt/format.h>

#include <algorithm>

namespace faregate::cli {

std::string format_table(const std::vector<std::vector<std::string>>& rows) {
    std::vector<std::size_t> widths;
    for (const auto& row : rows) {
        widths.resize(std::max(widths.size(), row.size()));
        for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
    }
    std::string out;
    for (const auto& row : rows) {
        for (std::size_t i = 0; i + 1 < row.size(); ++i) {
            out += fmt::format("{:<{}}  ", row[i], widths[i]);
        }
        if (!row.empty()) out += row.back();
        out += '\n';
    }
    return out;
}

}  // namespace faregate::cli
