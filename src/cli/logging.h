#pragma once

#include <string>
#include <string_view>

namespace faregate::cli {

/// Sends all logs to standard error, in UTC: as text, or as one JSON object a line with `time`,
/// `level` and `message`. Precondition: the words were checked as settings.
void setup_logging(const std::string& level, const std::string& format);

/// A message of several lines, such as PostgreSQL's, as one.
std::string one_line(std::string_view message);

}  // namespace faregate::cli
