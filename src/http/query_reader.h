#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "faregate/core/time.h"
#include "http/problem.h"

namespace faregate::http {

/// Reads the parameters of a query string by name and type, like ObjectReader: the first fault
/// stays, and a parameter that is not in `names` is one.
class QueryReader {
  public:
    static constexpr std::uint32_t limit_default = 100;
    static constexpr std::uint32_t limit_max = 1000;

    QueryReader(
        std::string_view query, std::initializer_list<std::string_view> names,
        std::optional<Problem>& fault
    );

    std::optional<std::string> text(std::string_view name) const;
    std::optional<Timestamp> time(std::string_view name);
    /// `limit`, 1 to limit_max.
    std::uint32_t limit();

  private:
    std::vector<std::pair<std::string, std::string>> parameters_;
    std::optional<Problem>& fault_;
};

}  // namespace faregate::http
