// Journals that were damaged, forged, or never were one: the scan, the inspection, the reader and
// the writer meet arbitrary files. They never crash, say the same twice, and refuse without
// changing anything; what opens can be written on and read back; and a damaged journal is refused
// or gives the records that were written, never others.
//
// The input is a program (see journal_program.h).

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "faregate/core/assert.h"
#include "faregate/journal/inspect.h"
#include "faregate/journal/journal.h"
#include "faregate/journal/reader.h"
#include "fuzz/journal_program.h"

namespace faregate::fuzz {
namespace {

using namespace journal;
using support::MemoryDisk;

/// Everything that an inspection says, and the records that it saw.
struct Inspection : InspectionVisitor {
    explicit Inspection(const MemoryDisk& disk) {
        FG_ASSERT(inspect(disk, *this).has_value(), "any directory can be inspected");
    }

    void on_file(const InspectedFile& file) override { text += file.name + "\n"; }
    void on_frame(const InspectedFrame& frame) override {
        text += std::to_string(frame.offset) + " " + frame.hash + "\n";
    }
    void on_record(const InspectedRecord& record) override {
        const std::string bytes(record.bytes);
        text += std::to_string(record.lsn.value) + " " + bytes + "\n";
        records.emplace(record.lsn, bytes);
    }
    void on_damage(const Damage& damage) override {
        text += std::to_string(damage.offset) + " " + damage.problem + "\n";
        damaged = true;
    }

    std::string text;
    std::multimap<Lsn, std::string> records;
    bool damaged = false;
};

/// What the reader serves from `first` to `up_to`, and the error that ended it, if one did.
struct Reading {
    Reading(const MemoryDisk& disk, Lsn first, Lsn up_to) {
        const auto reader = JournalReader::open(disk, first);
        if (!reader) {
            error = reader.error().message;
            return;
        }
        for (;;) {
            const auto record = (*reader)->next(up_to);
            if (!record) {
                FG_ASSERT(record.error().code == ErrorCode::corruption, "a bad file is corrupt");
                error = record.error().message;
                return;
            }
            if (!*record) return;
            FG_ASSERT((*record)->lsn == first && first <= up_to, "records come in their order");
            first = first.next();
            records.emplace_back((*record)->bytes);
        }
    }
    bool operator==(const Reading&) const = default;

    std::vector<std::string> records;
    std::string error;
};

std::map<std::string, std::vector<std::byte>> contents(const MemoryDisk& disk) {
    std::map<std::string, std::vector<std::byte>> files;
    for (const std::string& name : disk.names()) files[name] = disk.content(name);
    return files;
}

Result<std::optional<Recovery>> scan_twice(const MemoryDisk& disk) {
    auto first = scan(disk);
    const auto second = scan(disk);
    FG_ASSERT(first.has_value() == second.has_value(), "a scan finds the same twice");
    if (!first) {
        FG_ASSERT(first.error().code == ErrorCode::corruption, "a bad file is corrupt");
        FG_ASSERT(first.error().message == second.error().message, "and says the same");
    } else if (*first) {
        const bool same = (*first)->last_lsn == (*second)->last_lsn &&
                          (*first)->end_offset == (*second)->end_offset &&
                          (*first)->end_hash == (*second)->end_hash;
        FG_ASSERT(same, "a scan finds the same twice");
    }
    return first;
}

/// Every record that is served stands in a frame whose checksums are right.
void check_served(const Reading& reading, Lsn first, const Inspection& inspection) {
    for (const std::string& bytes : reading.records) {
        const auto [begin, end] = inspection.records.equal_range(first);
        bool found = false;
        for (auto each = begin; each != end; ++each) found = found || each->second == bytes;
        FG_ASSERT(found, "what is served was inspected");
        first = first.next();
    }
}

/// Damage takes records away, from the end only, or is noticed; it never makes others.
void check_genuine(const Reading& reading, Lsn first) {
    for (const std::string& bytes : reading.records) {
        FG_ASSERT(first.value <= journal_records().size(), "no record is made up");
        const auto at = static_cast<std::size_t>(first.value - 1);
        FG_ASSERT(bytes == journal_records()[at], "no record is changed");
        first = first.next();
    }
}

std::vector<std::string> write_more(Journal& journal) {
    std::vector<std::string> written;
    for (std::size_t i = 0; i < 4; ++i) {
        FG_ASSERT(journal.prepare_once().has_value(), "there is room");
        written.push_back("new " + std::string(i * 300, 'y'));
        const auto lsn = journal.append(written.back());
        FG_ASSERT(lsn.has_value(), "an open journal takes records");
        journal.write_once();
        FG_ASSERT(journal.durable_lsn() == *lsn, "what was written is durable");
    }
    journal.stop();
    return written;
}

/// Opens the journal that was found, writes on, and finds all of it again.
void check_writing(MemoryDisk& disk, const Recovery& found, const Reading& before) {
    const auto files = contents(disk);
    auto lock = disk.lock();
    FG_ASSERT(lock.has_value(), "nobody else has the disk");
    auto opened = Journal::open(
        disk, std::move(*lock), found, {found.epoch, found.last_lsn}, journal_options()
    );
    if (!opened) {
        FG_ASSERT(contents(disk) == files, "a refusal changes nothing");
        return;
    }
    const auto written = write_more(**opened);
    opened->reset();

    const auto again = scan_twice(disk);
    FG_ASSERT(again && *again, "what was stopped can be opened");
    const Lsn last{found.last_lsn.value + written.size()};
    FG_ASSERT(!(*again)->torn_tail && (*again)->last_lsn == last, "nothing is missing");
    const Reading after(disk, found.last_lsn.next(), last);
    FG_ASSERT(after.records == written && after.error.empty(), "what was written is read");
    // What could be read before can be read now, and the new records behind it.
    if (!before.error.empty()) return;
    const Reading all(disk, found.first_lsn, last);
    auto expected = before.records;
    expected.insert(expected.end(), written.begin(), written.end());
    FG_ASSERT(all.error.empty() && all.records == expected, "what was there is still there");
}

void check(std::string_view input) {
    MemoryDisk disk;
    const JournalProgram program = run_journal_program(input, disk);
    const auto files = contents(disk);
    const Inspection inspection(disk);
    FG_ASSERT(Inspection(disk).text == inspection.text, "an inspection says the same twice");
    const auto found = scan_twice(disk);
    FG_ASSERT(contents(disk) == files, "looking changes nothing");
    if (!found || !*found) return;
    const Recovery& recovery = **found;
    // LSNs that only a forger can write; a journal would need ages to get there.
    constexpr std::uint64_t lsn_max = std::uint64_t{1} << 62;
    if (recovery.last_lsn.value > lsn_max) return;

    const Reading reading(disk, recovery.first_lsn, recovery.last_lsn);
    FG_ASSERT(
        reading == Reading(disk, recovery.first_lsn, recovery.last_lsn), "the same is read twice"
    );
    check_served(reading, recovery.first_lsn, inspection);
    if (!program.forged && program.own_base) check_genuine(reading, recovery.first_lsn);
    check_writing(disk, recovery, reading);
}

}  // namespace
}  // namespace faregate::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    faregate::fuzz::check({reinterpret_cast<const char*>(data), size});
    return 0;
}
