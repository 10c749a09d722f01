#pragma once

#include <optional>
#include <random>
#include <string>
#include <vector>

#include "faregate/journal/recovery.h"
#include "support/memory_disk.h"

namespace faregate::simulation {

/// Things that happen to the files of a journal while no server runs.
class Damage {
  public:
    enum class Kind {
        flipped_bit,
        zeroed_sectors,
        misplaced_sector,
        cut_file,
        grown_file,
        lost_file,
        foreign_file,
        swapped_files
    };
    static constexpr int kind_count = 8;
    static const char* name(Kind kind) noexcept;

    /// Damages `disk`. `foreign` has files of another journal, or is null. Nothing if there is
    /// nothing that could be damaged in the way that chance has chosen.
    static std::optional<Damage> inflict(
        support::MemoryDisk& disk, const support::MemoryDisk* foreign, std::mt19937_64& random
    );

    Kind kind() const noexcept { return kind_; }
    const std::string& text() const noexcept { return text_; }

    /// Some damage looks exactly like a write that never took place, which docs/journal-format.md
    /// names under "What cannot be found". Everything up to here must be found or refused then.
    std::optional<Lsn> findable_up_to() const noexcept { return findable_up_to_; }

  private:
    struct Frame {
        std::string file;
        std::uint64_t offset = 0;
        std::uint64_t size = 0;
        Lsn first_lsn;
    };
    class Frames;

    explicit Damage(Kind kind) : kind_(kind) {}
    void flip_bit(support::MemoryDisk& disk, std::mt19937_64& random);
    bool zero_sectors(support::MemoryDisk& disk, std::mt19937_64& random);
    bool misplace_sector(support::MemoryDisk& disk, std::mt19937_64& random);
    bool lose_file(support::MemoryDisk& disk, std::mt19937_64& random);
    bool bring_foreign_file(
        support::MemoryDisk& disk, const support::MemoryDisk& foreign, std::mt19937_64& random
    );
    bool swap_files(support::MemoryDisk& disk, std::mt19937_64& random);
    void resize_file(support::MemoryDisk& disk, std::mt19937_64& random);

    const Kind kind_;
    std::string text_;
    std::optional<Lsn> findable_up_to_;
};

}  // namespace faregate::simulation
