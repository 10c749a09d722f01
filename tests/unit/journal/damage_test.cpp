#include "damage_fixture.h"
#include "version_1.h"

namespace faregate::journal {
namespace {

/// A small journal, and how it came to its end.
struct Shape {
    const char* name;
    bool several_files = false;
    bool prepared = true;
    bool stopped = false;
    bool restarted = false;
    const char* old = nullptr;  ///< begins as this journal of version 1
};

constexpr Shape shapes[] = {
    {.name = "OneFileKilled", .prepared = false},
    {.name = "OneFileStopped", .prepared = false, .stopped = true},
    {.name = "OneFileAndAPreparedOneKilled"},
    {.name = "FilesKilled", .several_files = true},
    {.name = "FilesStopped", .several_files = true, .stopped = true},
    {.name = "FilesWithoutAPreparedOneKilled", .several_files = true, .prepared = false},
    {.name = "RestartedKilled", .several_files = true, .restarted = true},
    {.name = "Version1Stopped", .stopped = true, .old = version_1::stopped},
    {.name = "UpgradedKilled", .restarted = true, .old = version_1::torn},
};

// Every byte, sector, frame and file of small journals is damaged in turn: each time recovery finds
// exactly what was acknowledged, or refuses and names the place.
class DamagedJournal : public DamageFixture, public ::testing::WithParamInterface<Shape> {
  protected:
    void SetUp() override {
        const Shape& shape = GetParam();
        if (shape.old != nullptr) {
            options.file_size = 4096;
            version_1::load(disk, shape.old);
            records = version_1::records();
        }
        if (shape.old == nullptr || shape.restarted) write_journal(shape);
        keep_original();
    }

    void TearDown() override {
        // A test that never gets to a refusal tests nothing.
        EXPECT_GT(refusals, 0);
        RecordProperty("starts", starts);
    }

    void write_journal(const Shape& shape) {
        open();
        append(100);
        append(700);
        for (std::size_t i = 0; shape.several_files && i < 5; ++i) append(150 + 190 * i);
        if (shape.restarted) {
            stop();
            open();
            append(20);
            journal.reset();
            disk.kill();
            open();
            append(1300, 600);
        }
        if (shape.prepared) must(journal->prepare_once());
        if (shape.stopped) stop();
    }

    /// One frame with one record, which ends with so many zeros.
    void append(std::size_t size, std::size_t zeros = 0) {
        const auto letter = static_cast<char>('a' + records.size() % 26);
        records.push_back(std::string(size, letter) + std::string(zeros, '\0'));
        if (!journal->append(records.back())) {
            must(journal->prepare_once());
            must(journal->append(records.back()));
        }
        journal->write_once();
    }

    std::string bytes_at(const FramePlace& frame) const {
        const auto& file = whole.at(frame.file);
        const auto* from = reinterpret_cast<const char*>(file.data()) + frame.offset;
        return {from, static_cast<std::size_t>(frame.size)};
    }

    void zero_from(const std::string& name, std::size_t offset) {
        overwrite(name, offset, std::string(whole.at(name).size() - offset, '\0'));
    }

    /// Every byte of the last file in use. Of the others, which are all alike, every seventh.
    std::size_t step(const std::string& name) const { return name == last_file() ? 1 : 7; }

    const std::string& last_file() const { return all_frames.back().file; }
};

TEST_P(DamagedJournal, StartsWithEverythingWhereNothingIsDamaged) {
    judge();
    EXPECT_EQ(refusals, 0);
    EXPECT_EQ(hidden, 0);
    refusals = 1;
}

TEST_P(DamagedJournal, IsCompleteOrRefusedWhateverByteChanges) {
    for (const auto& [name, content] : whole) {
        for (std::size_t offset = 0; offset < content.size(); offset += step(name)) {
            SCOPED_TRACE(name + " " + std::to_string(offset));
            restore();
            disk.flip_bit(name, offset, static_cast<unsigned>(offset % 8));
            judge_quickly();
            restore();
            for (unsigned bit = 0; bit < 8; ++bit) disk.flip_bit(name, offset, bit);
            judge_quickly();
            if (HasFailure()) return;
        }
    }
    EXPECT_EQ(hidden, 0);
}

TEST_P(DamagedJournal, IsCompleteOrRefusedWhateverBitOfTheLastFrameChanges) {
    const FramePlace& frame = all_frames.back();
    for (std::uint64_t bit = 0; bit < frame.size * 8; ++bit) {
        SCOPED_TRACE(bit);
        restore();
        disk.flip_bit(frame.file, frame.offset + bit / 8, static_cast<unsigned>(bit % 8));
        judge_quickly();
        if (HasFailure()) return;
    }
    EXPECT_EQ(hidden, 0);
}

TEST_P(DamagedJournal, IsCompleteOrRefusedWhateverSectorBecomesZeros) {
    for (const auto& [name, content] : whole) {
        for (std::size_t offset = 0; offset < content.size(); offset += sector_size) {
            SCOPED_TRACE(name + " " + std::to_string(offset));
            restore();
            overwrite(name, offset, std::string(sector_size, '\0'));
            judge();
            if (HasFailure()) return;
        }
    }
    // The case that nothing shows is among these, if no frame without records protects the last.
    if (!GetParam().stopped) {
        EXPECT_GT(hidden, 0);
    }
}

// The disk lost everything from some byte on, as a cut does that is filled up again.
TEST_P(DamagedJournal, IsCompleteOrRefusedWhateverEndBecomesZeros) {
    for (std::size_t offset = 0; offset < whole.at(last_file()).size(); ++offset) {
        SCOPED_TRACE(offset);
        restore();
        zero_from(last_file(), offset);
        judge_quickly();
        if (HasFailure()) return;
    }
    for (auto file = whole.rbegin(); file != whole.rend(); ++file) {
        restore();
        for (auto later = whole.rbegin(); later != file; ++later) zero_from(later->first, 0);
        for (std::size_t offset = 0; offset < file->second.size(); offset += sector_size) {
            SCOPED_TRACE(file->first + " " + std::to_string(offset));
            MemoryDisk before;
            before.copy_from(disk);
            zero_from(file->first, offset);
            judge();
            disk.copy_from(before);
            if (HasFailure()) return;
        }
    }
}

TEST_P(DamagedJournal, IsRefusedWhereverAFileIsCut) {
    for (const auto& [name, content] : whole) {
        for (std::size_t size = 0; size < content.size(); size += step(name)) {
            SCOPED_TRACE(name + " " + std::to_string(size));
            restore();
            auto shorter = content;
            shorter.resize(size);
            disk.set_content(name, std::move(shorter));
            judge_quickly();
            if (HasFailure()) return;
        }
    }
    EXPECT_EQ(refusals, starts);
}

TEST_P(DamagedJournal, IsCompleteOrRefusedWhicheverFramesChangePlaces) {
    for (const FramePlace& one : all_frames) {
        for (const FramePlace& other : all_frames) {
            if (one.first_lsn >= other.first_lsn) continue;
            const bool adjacent = one.file == other.file && one.offset + one.size == other.offset;
            if (one.size != other.size && !adjacent) continue;
            SCOPED_TRACE(
                one.file + " " + std::to_string(one.offset) + " and " + other.file + " " +
                std::to_string(other.offset)
            );
            restore();
            if (adjacent) {
                overwrite(one.file, one.offset, bytes_at(other) + bytes_at(one));
            } else {
                overwrite(one.file, one.offset, bytes_at(other));
                overwrite(other.file, other.offset, bytes_at(one));
            }
            judge();
            if (HasFailure()) return;
        }
    }
    refusals += all_frames.size() < 3 ? 1 : 0;
    EXPECT_EQ(hidden, 0);
}

TEST_P(DamagedJournal, IsCompleteOrRefusedWhicheverFrameStandsTwice) {
    for (const FramePlace& frame : all_frames) {
        for (const auto& [name, content] : whole) {
            for (std::size_t offset = sector_size; offset + frame.size <= content.size();
                 offset += sector_size) {
                if (name == frame.file && offset == frame.offset) continue;
                SCOPED_TRACE(
                    name + " " + std::to_string(offset) + " has " + frame.file + " " +
                    std::to_string(frame.offset)
                );
                restore();
                overwrite(name, offset, bytes_at(frame));
                judge();
                if (HasFailure()) return;
            }
        }
    }
    EXPECT_EQ(hidden, 0);
}

TEST_P(DamagedJournal, IsCompleteOrRefusedWhicheverFileIsMissing) {
    for (const auto& [name, content] : whole) {
        SCOPED_TRACE(name);
        restore();
        disk.erase(name);
        judge();
        if (HasFailure()) return;
    }
    // Only a file after it shows that the last one in use is gone.
    const bool shown = GetParam().prepared || whole.size() == 1;
    if (GetParam().old == nullptr) {
        EXPECT_EQ(hidden, shown ? 0 : 1);
    }
}

TEST_P(DamagedJournal, IsRefusedWhicheverFileIsAnotherJournals) {
    for (const auto& [name, content] : whole) {
        SCOPED_TRACE(name);
        // A twin: the same records at the same places, but for the journal's id.
        restore();
        auto foreign = content;
        auto header = decode_file_header(foreign).value();
        header.journal = JournalId{{9}};
        encode(header, std::span(foreign).first<sector_size>());
        for (std::size_t at = sector_size; at < foreign.size(); at += sector_size) {
            const auto bytes = std::span(foreign).subspan(at);
            auto frame = decode_frame_header(bytes);
            if (!frame) continue;
            frame->journal = JournalId{{9}};
            encode(*frame, bytes.first<frame_header_size>());
        }
        disk.set_content(name, std::move(foreign));
        judge();
        if (HasFailure()) return;
    }
    EXPECT_EQ(refusals, starts);
    EXPECT_EQ(hidden, 0);
}

TEST_P(DamagedJournal, IsRefusedWhicheverFileStandsInAnothersPlace) {
    for (const auto& [name, content] : whole) {
        for (const auto& [other, replacement] : whole) {
            if (name == other) continue;
            SCOPED_TRACE(name + " is " + other);
            restore();
            disk.set_content(name, replacement);
            judge();
            if (HasFailure()) return;
        }
    }
    EXPECT_EQ(refusals, starts);
    refusals += whole.size() == 1 ? 1 : 0;
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, DamagedJournal, ::testing::ValuesIn(shapes),
    [](const auto& shape) { return shape.param.name; }
);

}  // namespace
}  // namespace faregate::journal
