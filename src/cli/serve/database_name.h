#pragma once

#include <string>

namespace faregate::cli {

/// Where a database is, for logs: host, port and name out of a URL or key=value words, and never
/// the password.
std::string database_name(const std::string& database_url);

}  // namespace faregate::cli
