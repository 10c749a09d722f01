#include "faregate/journal/inspect.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "journal/files.h"
#include "journal/frame.h"

namespace faregate::journal {
namespace {

std::string hexadecimal(const Hash& hash) { return fmt::format("{:02x}", fmt::join(hash, "")); }

class Inspector {
  public:
    Inspector(const Directory& directory, const JournalId& journal, InspectionVisitor& visitor)
        : directory_(directory), journal_(journal), visitor_(visitor) {}

    void look_at(const NamedFile& named) {
        if (last_sequence_ != 0 && named.sequence != last_sequence_ + 1) {
            visitor_.on_damage({file_name(last_sequence_ + 1), 0, 0, "the file is missing"});
        }
        last_sequence_ = named.sequence;
        name_ = named.name;
        const Status looked = walk(named);
        if (!looked)
            visitor_.on_damage({name_, offset_, named.size - offset_, looked.error().message});
    }

  private:
    Status walk(const NamedFile& named) {
        offset_ = 0;
        FG_TRY_ASSIGN(const auto file, directory_.open(named.name, OpenMode::read));
        FileWindow window(*file, named.size);
        FG_TRY_ASSIGN(const auto header, walk_header(window));
        const bool readable = !header || is_readable(header->version);
        offset_ = readable ? sector_size : named.size;
        std::optional<std::uint16_t> version;
        if (header) version = header->version;
        while (offset_ < named.size) {
            FG_TRY_ASSIGN(const auto frame, read_frame(window, offset_, journal_, version));
            if (frame.state == FrameState::valid) {
                show(frame);
            } else {
                FG_TRY(skip_bad(window, frame));
            }
        }
        return {};
    }

    Result<std::optional<FileHeader>> walk_header(FileWindow& window) {
        FG_TRY_ASSIGN(const auto sector, window.view(0, sector_size));
        const auto header = decode_file_header(sector);
        InspectedFile file;
        file.name = name_;
        file.size = window.file_size();
        file.header_ok = header && is_readable(header->version);
        if (header) file.version = header->version;
        if (file.header_ok) {
            file.in_use = header->in_use();
            file.journal = header->journal;
            file.sequence = header->sequence;
            file.first_lsn = header->first_lsn;
            file.previous_hash = hexadecimal(header->previous_hash);
        }
        visitor_.on_file(file);
        check_header(header, window.file_size());
        return header;
    }

    void check_header(const std::optional<FileHeader>& header, std::uint64_t size) {
        const auto report = [&](std::string problem) {
            visitor_.on_damage({name_, 0, sector_size, std::move(problem)});
        };
        if (!header) return report("the file header is wrong");
        if (!is_readable(header->version)) {
            const std::string problem = "the file has " + describe_unreadable(header->version);
            return visitor_.on_damage({name_, 0, size, problem});
        }
        if (header->journal != journal_) report("the file belongs to another journal");
        if (header->sequence != last_sequence_) report("the header has another file's sequence");
        if (header->file_size != size) {
            report(fmt::format("the header says that the file has {} bytes", header->file_size));
        }
        if (!header->in_use()) return;
        if (chain_ &&
            (header->first_lsn != chain_->next_lsn() || header->previous_hash != chain_->hash())) {
            report("the file does not follow the frame before it");
        }
        if (!chain_) chain_.emplace(header->first_lsn, header->previous_hash);
    }

    void show(const FrameView& frame) {
        const FrameHeader& header = frame.header;
        if (chain_) {
            std::string problem = chain_->problem_with(header);
            if (!problem.empty()) visitor_.on_damage({name_, offset_, 0, std::move(problem)});
        } else {
            chain_.emplace(header.first_lsn, header.previous_hash);
        }
        chain_->follow(header, frame.bytes);
        visitor_.on_frame(
            {name_, offset_, frame.bytes.size(), header.version, header.zero_sectors, header.epoch,
             header.first_lsn, header.count, header.durable_lsn, hexadecimal(chain_->hash())}
        );
        auto payload = frame.payload();
        for (Lsn lsn = header.first_lsn; lsn < header.next_lsn(); lsn = lsn.next()) {
            const auto record =
                payload.subspan(record_prefix_size, decode_record_size(payload.data()));
            payload = payload.subspan(record_prefix_size + record.size());
            visitor_.on_record(
                {lsn, header.epoch, {reinterpret_cast<const char*>(record.data()), record.size()}}
            );
        }
        offset_ += frame.bytes.size();
    }

    /// Up to the next frame header, or the end. Zeros before the end of a file are its unused part;
    /// zeros before a frame are a frame that is gone.
    Status skip_bad(FileWindow& window, const FrameView& bad) {
        const std::string problem = bad.problem.empty() ? "there are only zeros" : bad.problem;
        const std::uint64_t begin = offset_;
        // The header of the bad frame itself must not be found again.
        std::uint64_t frames_begin = begin;
        if (bad.state == FrameState::impossible || bad.state == FrameState::newer) {
            frames_begin += sector_size;
        }
        const bool header_is_good =
            bad.state == FrameState::torn || bad.state == FrameState::damaged;
        if (header_is_good) frames_begin += bad.header.frame_size();
        FG_TRY_ASSIGN(const auto rest, scan_rest(window, begin, frames_begin, journal_));
        const std::uint64_t end = rest.frame_offset.value_or(rest.dirty_end);
        if (end != begin) visitor_.on_damage({name_, begin, end - begin, problem});
        offset_ = rest.frame_offset.value_or(window.file_size());
        return {};
    }

    const Directory& directory_;
    const JournalId journal_;
    InspectionVisitor& visitor_;
    std::optional<Chain> chain_;  ///< after the last good frame
    std::uint64_t last_sequence_ = 0;
    std::string name_;
    std::uint64_t offset_ = 0;
};

/// The journal that the file belongs to, from its header or else from any frame's.
Result<std::optional<JournalId>> find_journal(const Directory& directory, const NamedFile& named) {
    FG_TRY_ASSIGN(const auto file, directory.open(named.name, OpenMode::read));
    FileWindow window(*file, named.size);
    for (std::uint64_t offset = 0; offset < named.size; offset += sector_size) {
        FG_TRY_ASSIGN(const auto sector, window.view(offset, sector_size));
        const auto file_header = decode_file_header(sector);
        if (file_header && is_readable(file_header->version)) return file_header->journal;
        const auto frame_header = decode_frame_header(sector);
        if (frame_header && is_readable(frame_header->version)) return frame_header->journal;
    }
    return std::nullopt;
}

/// That of most files, and the first of those: any single file may be another journal's.
JournalId find_journal(const Directory& directory, const std::vector<NamedFile>& files) {
    std::vector<JournalId> found;
    for (const NamedFile& named : files) {
        const auto journal = find_journal(directory, named);
        if (journal && *journal) found.push_back(**journal);
    }
    const auto often = [&](const JournalId& journal) { return std::ranges::count(found, journal); };
    const auto most = std::ranges::max_element(found, {}, often);
    return most == found.end() ? JournalId{} : *most;
}

}  // namespace

Status inspect(const Directory& directory, InspectionVisitor& visitor) {
    FG_TRY_ASSIGN(const auto files, list_files(directory));
    Inspector inspector(directory, find_journal(directory, files), visitor);
    for (const NamedFile& named : files) inspector.look_at(named);
    return {};
}

}  // namespace faregate::journal
