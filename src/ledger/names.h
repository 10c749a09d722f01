#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

namespace faregate::ledger {

/// The names of an enum's values, in their order: one table for both directions.
template <typename Enum, std::size_t count>
class Names {
  public:
    constexpr explicit Names(std::array<const char*, count> names) : names_(names) {}

    const char* name(Enum value) const noexcept {
        const auto index = static_cast<std::size_t>(value);
        return index < count ? names_[index] : "unknown";
    }
    std::optional<Enum> parse(std::string_view text) const noexcept {
        for (std::size_t i = 0; i < count; ++i) {
            if (text == names_[i]) return static_cast<Enum>(i);
        }
        return std::nullopt;
    }

  private:
    std::array<const char*, count> names_;
};

}  // namespace faregate::ledger
