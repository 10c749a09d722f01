#pragma once

#include <algorithm>
#include <cstring>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "journal_fixture.h"

namespace faregate::journal {

/// A journal that was damaged, what recovery may do then, and whether it does.
class DamageFixture : public JournalFixture {
  protected:
    using MemoryDisk = support::MemoryDisk;
    using Contents = std::map<std::string, std::vector<std::byte>>;

    DamageFixture() {
        options.file_size = 2560;
        options.frame_size_max = 2048;
        options.record_size_max = 1900;
        options.queue_size_max = 8192;
        options.on_durable = nullptr;
    }

    /// What is on the disk is the undamaged journal from now on.
    void keep_original() {
        journal.reset();
        disk.kill();
        original.copy_from(disk);
        whole = contents();
        all_frames = frames();
        start.id = must(scan(disk))->journal;
        last = Lsn{records.size()};
    }

    void restore() { disk.copy_from(original); }

    Contents contents() const {
        Contents all;
        for (const std::string& name : disk.names()) all[name] = disk.content(name);
        return all;
    }

    /// Judges what is on the disk: each start with it, whatever PostgreSQL has, must find every
    /// record or refuse and change nothing, except where first_hidden_loss() says otherwise.
    void judge() { judge({Lsn{}, Lsn{last.value / 2}, last}, true); }
    /// For many: with what PostgreSQL may have at the least, and at the most. Every fifth is
    /// inspected as well, which takes most of the time.
    void judge_quickly() { judge({Lsn{}, last}, ++quick % 5 == 0); }

    /// The one kind of damage that nothing shows, as docs/journal-format.md has it ("What cannot be
    /// found"): the end of the journal looks as if it had never been written. Then this is the
    /// first LSN that is gone. It may go unnoticed only while PostgreSQL has not got that record.
    std::optional<Lsn> first_hidden_loss(const Contents& damaged) const {
        const auto lost = std::find_if(all_frames.begin(), all_frames.end(), [&](const auto& f) {
            return !damaged.contains(f.file) || bytes_of(damaged, f) != bytes_of(whole, f);
        });
        if (lost == all_frames.end()) return std::nullopt;
        for (const auto& [name, content] : damaged) {
            if (content.size() != whole.at(name).size()) return std::nullopt;
        }
        // The last files are missing, and nothing stands after them.
        if (!damaged.contains(lost->file)) {
            const bool is_end = damaged.empty() || damaged.rbegin()->first < lost->file;
            return is_end && !damaged.empty() ? std::optional(lost->first_lsn) : std::nullopt;
        }
        // Every file after it has lost its header and, as this one, the header of every frame.
        std::uint64_t begin = 0;
        if (is_in_use(damaged.at(lost->file))) {
            begin = lost->offset;
            const auto now = bytes_of(damaged, *lost);
            if (has_its_header(now, *lost)) {
                if (!lacks_a_sector(now, *lost)) return std::nullopt;
                begin += lost->size;
            } else if (!is_zero(now.first(sector_size))) {
                return std::nullopt;
            }
        }
        for (auto file = damaged.find(lost->file); file != damaged.end(); ++file) {
            if (file->first != lost->file && is_in_use(file->second)) return std::nullopt;
            if (has_frame(file->second, begin)) return std::nullopt;
            begin = 0;
        }
        return lost->first_lsn;
    }

    Records records;  ///< acknowledged
    Lsn last;
    MemoryDisk original;
    Contents whole;  ///< of the original
    std::vector<FramePlace> all_frames;
    int quick = 0;
    int starts = 0;
    int refusals = 0;
    int hidden = 0;

  private:
    void judge(std::initializer_list<Lsn> applied_lsns, bool inspected) {
        const Contents damaged = contents();
        const auto lost = first_hidden_loss(damaged);
        if (lost) ++hidden;
        if (inspected) check_inspection(damaged, lost.has_value());
        MemoryDisk copy;
        copy.copy_from(disk);
        for (const Lsn applied : applied_lsns) {
            disk.copy_from(copy);
            check_start(applied, lost.value_or(last.next()), damaged.empty());
        }
    }

    using Bytes = std::span<const std::byte>;

    // Compared millions of times, also without optimization: an algorithm of a template is slow
    // there.
    static bool same(Bytes a, Bytes b) {
        return a.size() == b.size() &&
               (a.empty() || std::memcmp(a.data(), b.data(), a.size()) == 0);
    }
    static bool is_zero(Bytes bytes) {
        return bytes.empty() ||
               (bytes[0] == std::byte{} && same(bytes.subspan(1), bytes.first(bytes.size() - 1)));
    }
    static bool is_in_use(Bytes file) {
        const auto header = decode_file_header(file);
        return header && header->in_use();
    }
    struct Slice : Bytes {
        using Bytes::Bytes;
        Slice(Bytes bytes) : Bytes(bytes) {}
        bool operator==(const Slice& other) const { return same(*this, other); }
    };
    static Slice bytes_of(const Contents& contents, const FramePlace& frame) {
        const Bytes file = contents.at(frame.file);
        if (frame.offset + frame.size > file.size()) return {};
        return file.subspan(
            static_cast<std::size_t>(frame.offset), static_cast<std::size_t>(frame.size)
        );
    }
    bool has_its_header(Bytes now, const FramePlace& frame) const {
        const Bytes before = bytes_of(whole, frame);
        return same(now.first(frame_header_size), before.first(frame_header_size));
    }
    bool lacks_a_sector(Bytes now, const FramePlace& frame) const {
        const Bytes before = bytes_of(whole, frame);
        for (std::size_t at = 0; at < now.size(); at += sector_size) {
            const bool was_zero = is_zero(before.subspan(at, sector_size));
            if (!was_zero && is_zero(now.subspan(at, sector_size))) return true;
        }
        return false;
    }
    bool has_frame(Bytes file, std::uint64_t begin) const {
        for (std::size_t at = static_cast<std::size_t>(begin); at < file.size();
             at += sector_size) {
            const auto header = decode_frame_header(file.subspan(at));
            if (header && header->journal == start.id) return true;
        }
        return false;
    }

    void check_start(Lsn applied, Lsn first_lost, bool no_files) {
        ++starts;
        int changes = 0;
        disk.set_fault_injector([&](const MemoryDisk::Access& access) -> std::optional<Error> {
            using Operation = MemoryDisk::Operation;
            const auto what = access.operation;
            if (what != Operation::open && what != Operation::list && what != Operation::lock &&
                what != Operation::read) {
                ++changes;
            }
            return std::nullopt;
        });
        auto opened = no_files ? no_journal() : try_open(applied);
        disk.set_fault_injector(nullptr);
        if (!opened) {
            ASSERT_EQ(changes, 0) << "a refusal changes nothing";
            return check_refusal(opened.error());
        }
        const Lsn end = (*opened)->durable_lsn();
        const auto found = try_read(applied.next(), end);
        if (!found) return check_refusal(found.error());
        ASSERT_GE(first_lost, applied.next()) << "PostgreSQL has a record that the journal lost";
        ASSERT_EQ(end.next(), first_lost);
        ASSERT_TRUE(std::equal(
            found->begin(), found->end(),
            records.begin() + static_cast<std::ptrdiff_t>(applied.value),
            records.begin() + static_cast<std::ptrdiff_t>(end.value)
        ));
        // Good enough to go on with.
        journal = std::move(*opened);
        write({"more"});
        stop();
        ASSERT_EQ(must(try_read(end.next(), end.next())), Records{"more"});
        ASSERT_TRUE(try_open(applied)) << "it started, and would not start again";
    }

    void check_refusal(const Error& error) {
        ++refusals;
        if (error.code == ErrorCode::already_exists) return;
        ASSERT_EQ(error.code, ErrorCode::corruption) << error.message;
        // Files that are gone from the beginning may also have been removed in good order.
        if (error.message.find("bring back the journal files before ") != std::string::npos) return;
        for (const char* part :
             {".journal is damaged at offset ", "Nothing was changed", "faregate journal inspect",
              "restore the directory"}) {
            ASSERT_NE(error.message.find(part), std::string::npos) << error.message;
        }
    }

    /// What a server says, since PostgreSQL knows which journal is its own: none, or another one.
    static Result<std::unique_ptr<Journal>> no_journal() {
        return failure(ErrorCode::already_exists, "the database belongs to another journal");
    }

    Result<std::unique_ptr<Journal>> try_open(Lsn applied) {
        const auto found = scan(disk);
        if (found && *found && (*found)->journal != start.id) return no_journal();
        return JournalFixture::try_open(applied);
    }

    /// Whatever is wrong, all that is in order is shown, nothing else, and the damage is named.
    void check_inspection(const Contents& damaged, bool hides) {
        struct Collector : InspectionVisitor {
            std::map<Lsn, std::string> records;
            std::size_t damage = 0;
            void on_record(const InspectedRecord& record) override {
                records[record.lsn] = record.bytes;
            }
            void on_damage(const Damage& found) override {
                ++damage;
                EXPECT_FALSE(found.file.empty() || found.problem.empty());
            }
        } seen;
        must(inspect(disk, seen));
        for (const auto& [lsn, bytes] : seen.records) {
            ASSERT_EQ(bytes, records.at(static_cast<std::size_t>(lsn.value) - 1));
        }
        bool frames_changed = false;
        for (const FramePlace& frame : all_frames) {
            const bool kept =
                damaged.contains(frame.file) && bytes_of(damaged, frame) == bytes_of(whole, frame);
            if (!kept) frames_changed = true;
            for (std::uint64_t i = 0; kept && i < frame.count; ++i) {
                ASSERT_TRUE(seen.records.contains(Lsn{frame.first_lsn.value + i}))
                    << frame.file << " " << frame.offset;
            }
        }
        if (hides) return;
        if (damaged == whole) {
            ASSERT_EQ(seen.damage, 0);
            return;
        }
        // A journal may begin at any file, and need not have a prepared one.
        if (damaged.empty()) return;
        const bool files_removed = damaged.size() < whole.size();
        if (!files_removed || (frames_changed && damaged.begin()->first == whole.begin()->first)) {
            ASSERT_GT(seen.damage, 0) << "the damage is not named";
        }
    }
};

}  // namespace faregate::journal
