#pragma once

#include <string_view>

namespace faregate::http {

/// docs/openapi.yaml, as it was when the server was built.
extern const std::string_view openapi_yaml;

}  // namespace faregate::http
