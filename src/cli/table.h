#pragma once

#include <string>
#include <vector>

namespace faregate::cli {

/// Rows of equally many cells, as columns for people; the first row is the header.
std::string format_table(const std::vector<std::vector<std::string>>& rows);

}  // namespace faregate::cli
