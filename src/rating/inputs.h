#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <new>
#include <string_view>
#include <type_traits>

#include "faregate/rating/charge.h"
#include "faregate/rating/event.h"
#include "faregate/rating/rate.h"
#include "rating/compiled.h"

namespace faregate::rating {

/// A value for each slot, set one by one: to initialize all of them takes longer than to price an
/// event.
template <typename Value>
class Places {
    static_assert(std::is_trivially_destructible_v<Value>);

  public:
    void set(Slot slot, const Value& value) noexcept { new (place(slot)) Value(value); }
    /// Precondition: it has been set.
    const Value& operator[](Slot slot) const noexcept {
        return *std::launder(reinterpret_cast<const Value*>(&bytes_[slot * sizeof(Value)]));
    }

  private:
    void* place(Slot slot) noexcept { return &bytes_[slot * sizeof(Value)]; }

    alignas(Value) std::byte bytes_[properties_max * sizeof(Value)];
};

/// What a version needs to know of one event, found once.
class Inputs {
  public:
    Inputs(const CompiledVersion& version, const Event& event) noexcept
        : version_(version), event_(event) {}

    /// Finds the properties. Call first.
    RateResult read();

    /// The values of the dimensions; null where the event has none.
    std::span<const std::string_view> dimensions() const noexcept {
        return std::span(dimensions_).first(version_.dimensions.size());
    }

    /// How many units of a component there are.
    tl::expected<Number, Refusal> quantity(std::size_t component);

    /// A property as a number.
    tl::expected<Number, Refusal> number(Slot slot);

    const CompiledVersion& version() const noexcept { return version_; }
    const Event& event() const noexcept { return event_; }

  private:
    bool has(Slot slot) const noexcept { return (present_ >> slot & 1U) != 0; }
    /// Adds a property to a quantity, or takes it away. One that is absent is zero.
    RateResult combine(Number& quantity, Slot slot, bool add, std::size_t component);

    const CompiledVersion& version_;
    const Event& event_;
    std::uint64_t present_ = 0;
    std::uint64_t parsed_ = 0;
    Places<std::string_view> texts_;  ///< Set where `present_` says so.
    Places<Number> numbers_;          ///< Set where `parsed_` says so.
    std::array<std::string_view, dimensions_max> dimensions_{};
};

}  // namespace faregate::rating
