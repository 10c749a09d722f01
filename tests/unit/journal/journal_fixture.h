#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "faregate/journal/inspect.h"
#include "faregate/journal/journal.h"
#include "faregate/journal/reader.h"
#include "journal/format.h"
#include "support/memory_disk.h"

namespace faregate::journal {

/// The value of a result that must not be an error.
template <typename T>
T must(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().message);
    return std::move(*result);
}
inline void must(const Status& status) {
    if (!status) throw std::runtime_error(status.error().message);
}

/// A journal of small files on a simulated disk, driven step by step.
class JournalFixture : public ::testing::Test {
  protected:
    using Records = std::vector<std::string>;

    struct FramePlace {
        std::string file;
        std::uint64_t offset = 0;
        std::uint64_t size = 0;
        Lsn first_lsn;
        std::uint32_t count = 0;
        std::uint16_t version = 0;
    };

    JournalFixture() {
        options.file_size = 8192;
        options.frame_size_max = 4096;
        options.record_size_max = 3000;
        options.queue_size_max = 16384;
        options.on_fatal = [this](const Error& error) { fatal.push_back(error.message); };
        options.on_durable = [this](Lsn lsn) { durable.push_back(lsn.value); };
    }

    /// Opens what is on the disk, or a new journal.
    Result<std::unique_ptr<Journal>> try_open(Lsn applied_lsn = {}) {
        FG_TRY_ASSIGN(auto lock, disk.lock());
        FG_TRY_ASSIGN(const auto found, scan(disk));
        if (!found) return Journal::create(disk, std::move(lock), start, options);
        torn_tail = found->torn_tail;
        return Journal::open(disk, std::move(lock), *found, {start.epoch, applied_lsn}, options);
    }

    void open() { journal = must(try_open()); }

    /// One frame for each record.
    void write(const Records& records) {
        for (const std::string& record : records) {
            if (const auto prepared = journal->prepare_once(); !prepared) {
                throw std::runtime_error(prepared.error().message);
            }
            must(journal->append(record));
            journal->write_once();
        }
    }

    void stop() {
        journal->stop();
        journal.reset();
    }

    /// What a power loss at once after the last sync leaves.
    void crash() {
        journal.reset();
        disk.crash([](const auto&) { return std::size_t{0}; });
    }

    Result<Records> try_read(Lsn first, Lsn up_to) {
        FG_TRY_ASSIGN(const auto reader, JournalReader::open(disk, first));
        Records records;
        for (Lsn expected = first;; expected = expected.next()) {
            FG_TRY_ASSIGN(const auto record, reader->next(up_to));
            if (!record) return records;
            EXPECT_EQ(record->lsn, expected);
            records.emplace_back(record->bytes);
        }
    }

    Records read() { return must(try_read(Lsn{1}, journal->durable_lsn())); }

    std::vector<FramePlace> frames() {
        struct Collector : InspectionVisitor {
            std::vector<FramePlace> frames;
            void on_frame(const InspectedFrame& f) override {
                frames.push_back(
                    {std::string(f.file), f.offset, f.size, f.first_lsn, f.count, f.version}
                );
            }
        } collector;
        must(inspect(disk, collector));
        return collector.frames;
    }

    /// The frames that have records.
    std::vector<FramePlace> data_frames() {
        auto all = frames();
        std::erase_if(all, [](const FramePlace& frame) { return frame.count == 0; });
        return all;
    }

    /// Overwrites durable bytes.
    void overwrite(const std::string& name, std::uint64_t offset, const std::string& bytes) {
        auto content = disk.content(name);
        for (std::size_t i = 0; i < bytes.size(); ++i) {
            content.at(static_cast<std::size_t>(offset) + i) = static_cast<std::byte>(bytes[i]);
        }
        disk.set_content(name, std::move(content));
    }

    void zero(const FramePlace& frame) {
        overwrite(
            frame.file, frame.offset, std::string(static_cast<std::size_t>(frame.size), '\0')
        );
    }

    /// As if one sector of the frame had never been written.
    void zero_sector(const FramePlace& frame, std::uint64_t sector) {
        overwrite(frame.file, frame.offset + sector * sector_size, std::string(sector_size, '\0'));
    }

    support::MemoryDisk disk;
    NewJournal start{JournalId{{1, 2, 3}}, Epoch{7}, Lsn{1}};
    JournalOptions options;
    std::vector<std::string> fatal;
    std::vector<std::uint64_t> durable;
    bool torn_tail = false;  ///< of the last open
    std::unique_ptr<Journal> journal;
};

inline std::string name_of(std::uint64_t sequence) { return file_name(sequence); }

/// An error of corruption that names the file and the offset.
inline ::testing::AssertionResult is_corruption(
    const Error& error, const std::string& file, std::uint64_t offset
) {
    const std::string place = file + " is damaged at offset " + std::to_string(offset) + ":";
    if (error.code == ErrorCode::corruption && error.message.find(place) != std::string::npos) {
        return ::testing::AssertionSuccess();
    }
    return ::testing::AssertionFailure()
           << to_string(error.code) << ": " << error.message << "\nwanted: " << place;
}

}  // namespace faregate::journal
