#pragma once

#include <compare>
#include <cstdint>

namespace faregate {

/// Log sequence number: the position of a record in the journal. The first record is 1; 0 means
/// "before everything", so a reply that depends on nothing depends on Lsn{}.
struct Lsn {
    std::uint64_t value = 0;

    constexpr Lsn next() const noexcept { return Lsn{value + 1}; }
    friend constexpr auto operator<=>(Lsn, Lsn) = default;
};

/// Counts the servers that have owned one journal, one after the other. The database stores the
/// newest; a server with an older one is fenced.
struct Epoch {
    std::uint64_t value = 0;
    friend constexpr auto operator<=>(Epoch, Epoch) = default;
};

}  // namespace faregate
