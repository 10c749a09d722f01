#include "simulation/damage.h"

#include <fmt/format.h>

#include <algorithm>

#include "faregate/journal/inspect.h"

namespace faregate::simulation {
namespace {

using support::MemoryDisk;
constexpr std::uint64_t sector_size = MemoryDisk::sector_size;

std::uint64_t below(std::mt19937_64& random, std::uint64_t count) { return random() % count; }

std::vector<std::string> journal_files(const MemoryDisk& disk) {
    std::vector<std::string> files;
    for (const std::string& name : disk.names()) {
        if (name.ends_with(".journal")) files.push_back(name);
    }
    return files;
}

const std::string& pick(const std::vector<std::string>& names, std::mt19937_64& random) {
    return names[below(random, names.size())];
}

}  // namespace

const char* Damage::name(Kind kind) noexcept {
    switch (kind) {
        case Kind::flipped_bit:
            return "flipped bit";
        case Kind::zeroed_sectors:
            return "zeroed sectors";
        case Kind::misplaced_sector:
            return "misplaced sector";
        case Kind::cut_file:
            return "cut file";
        case Kind::grown_file:
            return "grown file";
        case Kind::lost_file:
            return "lost file";
        case Kind::foreign_file:
            return "foreign file";
        case Kind::swapped_files:
            break;
    }
    return "swapped files";
}

/// Where the frames of an undamaged journal stand, in their order.
class Damage::Frames final : public journal::InspectionVisitor {
  public:
    explicit Frames(const MemoryDisk& disk) {
        static_cast<void>(journal::inspect(disk, *this).has_value());
    }

    void on_file(const journal::InspectedFile& file) override {
        if (file.in_use) last_used_file = file.name;
        if (file.in_use) last_used_first_lsn = file.first_lsn;
    }
    void on_frame(const journal::InspectedFrame& frame) override {
        all.push_back({std::string(frame.file), frame.offset, frame.size, frame.first_lsn});
    }

    std::vector<Frame> all;
    std::string last_used_file;
    Lsn last_used_first_lsn;
};

std::optional<Damage> Damage::inflict(
    MemoryDisk& disk, const MemoryDisk* foreign, std::mt19937_64& random
) {
    const auto files = journal_files(disk);
    if (files.empty()) return std::nullopt;
    Damage damage(static_cast<Kind>(below(random, kind_count)));
    bool done = true;
    switch (damage.kind_) {
        case Kind::flipped_bit:
            damage.flip_bit(disk, random);
            break;
        case Kind::zeroed_sectors:
            done = damage.zero_sectors(disk, random);
            break;
        case Kind::misplaced_sector:
            done = damage.misplace_sector(disk, random);
            break;
        case Kind::cut_file:
        case Kind::grown_file:
            damage.resize_file(disk, random);
            break;
        case Kind::lost_file:
            done = damage.lose_file(disk, random);
            break;
        case Kind::foreign_file:
            done = foreign != nullptr && damage.bring_foreign_file(disk, *foreign, random);
            break;
        case Kind::swapped_files:
            done = damage.swap_files(disk, random);
            break;
    }
    if (!done) return std::nullopt;
    return damage;
}

/// Anywhere, or where little stands and much depends on it: in the header of a file, or in the last
/// frame, which a torn write looks like.
void Damage::flip_bit(MemoryDisk& disk, std::mt19937_64& random) {
    const Frames frames(disk);
    std::string file = pick(journal_files(disk), random);
    std::uint64_t begin = 0;
    std::uint64_t size = disk.content(file).size();
    const auto where = below(random, 6);
    if (where == 0) {
        size = sector_size;
    } else if (where <= 2 && !frames.all.empty()) {
        const Frame& last = frames.all.back();
        file = last.file;
        begin = last.offset;
        size = last.size;
    }
    const std::uint64_t offset = begin + below(random, size);
    const auto bit = static_cast<unsigned>(below(random, 8));
    disk.flip_bit(file, offset, bit);
    text_ = fmt::format("bit {} of byte {} of {} flipped", bit, offset, file);
}

/// A run of sectors: within the last frame, or anywhere before it.
bool Damage::zero_sectors(MemoryDisk& disk, std::mt19937_64& random) {
    const Frames frames(disk);
    if (frames.all.empty()) return false;
    const Frame& last = frames.all.back();
    const bool in_last = below(random, 3) == 0;
    const Frame& frame = in_last ? last : frames.all[below(random, frames.all.size())];
    auto content = disk.content(frame.file);
    std::uint64_t begin = frame.offset + below(random, frame.size / sector_size) * sector_size;
    std::uint64_t end = begin + sector_size;
    while (end < content.size() && below(random, 3) != 0) end += sector_size;
    // Headers of files, too.
    if (below(random, 10) == 0) begin = 0;
    if (frame.file == last.file && end > last.offset) {
        findable_up_to_ = Lsn{last.first_lsn.value - 1};
        // What begins before it and takes its first sector away has taken both.
        if (begin < last.offset) end = last.offset;
        if (begin < last.offset) findable_up_to_.reset();
    }
    const auto at = [&](std::uint64_t offset) {
        return content.begin() + static_cast<std::ptrdiff_t>(offset);
    };
    std::fill(at(begin), at(end), std::byte{0});
    disk.set_content(frame.file, std::move(content));
    text_ = fmt::format("bytes {} to {} of {} became zeros", begin, end, frame.file);
    return true;
}

/// A sector was written to the place of another one.
bool Damage::misplace_sector(MemoryDisk& disk, std::mt19937_64& random) {
    const Frames frames(disk);
    if (frames.all.size() < 2) return false;
    const Frame& from = frames.all[below(random, frames.all.size())];
    const Frame& to = frames.all[below(random, frames.all.size())];
    const auto source = disk.content(from.file);
    auto target = disk.content(to.file);
    const std::uint64_t begin = from.offset + below(random, from.size / sector_size) * sector_size;
    const std::uint64_t place = to.offset + below(random, to.size / sector_size) * sector_size;
    std::copy_n(
        source.begin() + static_cast<std::ptrdiff_t>(begin), sector_size,
        target.begin() + static_cast<std::ptrdiff_t>(place)
    );
    disk.set_content(to.file, std::move(target));
    text_ = fmt::format(
        "the sector at {} of {} was written to {} of {}", begin, from.file, place, to.file
    );
    return true;
}

void Damage::resize_file(MemoryDisk& disk, std::mt19937_64& random) {
    const std::string file = pick(journal_files(disk), random);
    auto content = disk.content(file);
    if (kind_ == Kind::grown_file) {
        content.resize(content.size() + sector_size * (1 + below(random, 8)));
    } else {
        const std::uint64_t sectors = content.size() / sector_size;
        content.resize(
            below(random, 2) == 0 ? below(random, sectors) * sector_size
                                  : below(random, content.size())
        );
    }
    text_ = fmt::format("{} has {} bytes now", file, content.size());
    disk.set_content(file, std::move(content));
}

bool Damage::lose_file(MemoryDisk& disk, std::mt19937_64& random) {
    const Frames frames(disk);
    const auto files = journal_files(disk);
    const std::string file = pick(files, random);
    if (file == frames.last_used_file && file == files.back()) {
        findable_up_to_ = Lsn{frames.last_used_first_lsn.value - 1};
    }
    disk.erase(file);
    text_ = file + " is gone";
    return true;
}

bool Damage::bring_foreign_file(
    MemoryDisk& disk, const MemoryDisk& foreign, std::mt19937_64& random
) {
    const auto strangers = journal_files(foreign);
    if (strangers.empty()) return false;
    const std::string file = pick(journal_files(disk), random);
    const std::string& stranger = pick(strangers, random);
    disk.set_content(file, foreign.content(stranger));
    text_ = fmt::format("{} is {} of another journal", file, stranger);
    return true;
}

bool Damage::swap_files(MemoryDisk& disk, std::mt19937_64& random) {
    const auto files = journal_files(disk);
    const std::string& one = pick(files, random);
    const std::string& other = pick(files, random);
    if (one == other) return false;
    auto content = disk.content(one);
    disk.set_content(one, disk.content(other));
    disk.set_content(other, std::move(content));
    text_ = fmt::format("{} and {} changed places", one, other);
    return true;
}

}  // namespace faregate::simulation
