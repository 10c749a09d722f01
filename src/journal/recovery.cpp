#include "faregate/journal/recovery.h"

#include <fmt/format.h>

#include "journal/files.h"
#include "journal/frame.h"

namespace faregate::journal {
namespace {

struct ScannedFile {
    NamedFile named;
    std::optional<FileHeader> header;  ///< nothing: no valid one

    bool in_use() const { return header && header->in_use(); }
};

class Scanner {
  public:
    explicit Scanner(const Directory& directory) : directory_(directory) {}

    Result<std::optional<Recovery>> run() {
        FG_TRY_ASSIGN(const auto names, list_files(directory_));
        if (names.empty()) return std::nullopt;
        // First of all, since nothing else may be assumed of files that a newer server wrote.
        for (const NamedFile& named : names) FG_TRY(read_header(named));
        FG_TRY(check_places());
        FG_TRY(check_headers());
        FG_TRY(walk_last_file());
        FG_TRY(find_epoch());
        for (std::size_t i = used_; i < files_.size(); ++i) FG_TRY(check_unused(files_[i]));
        return std::move(recovery_);
    }

  private:
    Status read_header(const NamedFile& named) {
        FG_TRY_ASSIGN(const auto file, directory_.open(named.name, OpenMode::read));
        FileWindow window(*file, named.size);
        FG_TRY_ASSIGN(const auto sector, window.view(0, sector_size));
        const auto header = decode_file_header(sector);
        if (header && !is_readable(header->version)) {
            return newer(directory_, named.name, 0, header->version);
        }
        files_.push_back({named, header});
        return {};
    }

    /// No file is missing between others, and none was cut to no length that files have.
    Status check_places() const {
        std::uint64_t expected = files_[0].named.sequence;
        for (const auto& [named, header] : files_) {
            if (named.sequence != expected) {
                return damaged(
                    directory_, file_name(expected), 0,
                    fmt::format("the file is missing, but {} follows it", named.name)
                );
            }
            ++expected;
            if (named.size < 2 * sector_size || named.size % sector_size != 0) {
                return damaged(
                    directory_, named.name, named.size,
                    fmt::format("the file was cut to {} bytes", named.size)
                );
            }
        }
        return {};
    }

    /// Files in use come first, then unused ones; all belong together.
    Status check_headers() {
        while (used_ < files_.size() && files_[used_].in_use()) ++used_;
        if (used_ == 0) {
            const char* problem = files_[0].header
                                      ? "the file is prepared, but none before it is in use"
                                      : "the header is wrong";
            return damaged(directory_, files_[0].named.name, 0, problem);
        }
        const JournalId journal = files_[0].header->journal;
        for (std::size_t i = 0; i < files_.size(); ++i) {
            const auto& [named, header] = files_[i];
            if (i >= used_ && files_[i].in_use()) {
                const std::string& before = files_[used_].named.name;
                const std::string problem =
                    fmt::format("the header is wrong, but {} was used after it", named.name);
                return damaged(directory_, before, 0, problem);
            }
            if (!header) continue;
            const std::string problem = problem_with(named, *header, journal);
            if (!problem.empty()) return damaged(directory_, named.name, 0, problem);
            if (i == 0 || i >= used_) continue;
            const FileHeader& before = *files_[i - 1].header;
            if (header->first_lsn < before.first_lsn) {
                return damaged(directory_, named.name, 0, "the first LSN is below the last file's");
            }
            if (header->version < before.version) {
                return damaged(
                    directory_, named.name, 0, "the format version is below the last file's"
                );
            }
        }
        recovery_.journal = journal;
        recovery_.first_lsn = files_[0].header->first_lsn;
        for (std::size_t i = 0; i < used_; ++i) {
            recovery_.files.push_back({files_[i].named.sequence, files_[i].header->first_lsn});
        }
        return {};
    }

    static std::string problem_with(
        const NamedFile& named, const FileHeader& header, const JournalId& journal
    ) {
        if (header.journal != journal) {
            return fmt::format(
                "the file belongs to journal {}, and the first file to {}", header.journal.text(),
                journal.text()
            );
        }
        if (header.sequence != named.sequence) {
            return fmt::format("the header says that this is file {}", header.sequence);
        }
        if (header.file_size != named.size) {
            return fmt::format(
                "the file has {} bytes, and its header says {}", named.size, header.file_size
            );
        }
        return {};
    }

    Status walk_last_file() {
        const auto& [named, header] = files_[used_ - 1];
        FG_TRY_ASSIGN(const auto file, directory_.open(named.name, OpenMode::read));
        FileWindow window(*file, named.size);
        Chain chain(header->first_lsn, header->previous_hash);
        std::uint64_t offset = sector_size;
        recovery_.last_frame_offset = offset;
        for (;;) {
            FG_TRY_ASSIGN(
                const auto frame, read_frame(window, offset, header->journal, header->version)
            );
            if (frame.state == FrameState::newer) {
                return newer(directory_, named.name, offset, frame.header.version);
            }
            const bool no_header =
                frame.state == FrameState::unused || frame.state == FrameState::unreadable;
            // The header stands in one sector, so it was written as it is: if it contradicts the
            // frames before it, it is no torn write.
            std::string problem = no_header ? "" : chain.problem_with(frame.header);
            if (frame.state == FrameState::impossible) problem = frame.problem;
            if (!problem.empty()) return damaged(directory_, named.name, offset, problem);
            if (frame.state != FrameState::valid) {
                // No other frame can stand within this one: what looks so is a record's bytes.
                const std::uint64_t size = no_header ? 0 : frame.header.frame_size();
                // A write that was cut short leaves sectors of zeros, and none that cannot be read.
                const bool torn =
                    frame.state == FrameState::unused || frame.state == FrameState::torn;
                problem = frame.problem;
                FG_TRY(end_at(window, named, chain, offset, offset + size));
                if (torn) break;
                return damaged(directory_, named.name, offset, problem);
            }
            chain.follow(frame.header, frame.bytes);
            recovery_.last_frame_offset = offset;
            offset += frame.bytes.size();
        }
        return {};
    }

    /// Between the header of a file and its first frame there may be a crash. The newest frame then
    /// stands in a file before, and the next epoch may not be below that one's.
    Status find_epoch() {
        for (std::size_t i = used_ - 1; i > 0 && recovery_.epoch == Epoch{}; --i) {
            const NamedFile& named = files_[i - 1].named;
            FG_TRY_ASSIGN(const auto file, directory_.open(named.name, OpenMode::read));
            FileWindow window(*file, named.size);
            for (std::uint64_t offset = sector_size; offset < named.size;) {
                const std::uint16_t version = files_[i - 1].header->version;
                FG_TRY_ASSIGN(
                    const auto frame, read_frame(window, offset, recovery_.journal, version)
                );
                if (frame.state != FrameState::valid) break;
                recovery_.epoch = frame.header.epoch;
                offset += frame.bytes.size();
            }
        }
        return {};
    }

    Status end_at(
        FileWindow& window, const NamedFile& named, const Chain& chain, std::uint64_t offset,
        std::uint64_t frames_begin
    ) {
        recovery_.last_lsn = Lsn{chain.next_lsn().value - 1};
        recovery_.epoch = chain.epoch();
        recovery_.end_file_size = named.size;
        recovery_.end_version = files_[used_ - 1].header->version;
        recovery_.end_offset = offset;
        recovery_.end_hash = chain.hash();
        return cut_rest(window, named, offset, offset, frames_begin);
    }

    /// Everything from `begin` on must be free of frames, and becomes zeros. If there is a frame,
    /// then what stands at `suspect` is damaged.
    Status cut_rest(
        FileWindow& window, const NamedFile& named, std::uint64_t suspect, std::uint64_t begin,
        std::uint64_t frames_begin
    ) {
        FG_TRY_ASSIGN(const auto rest, scan_rest(window, begin, frames_begin, recovery_.journal));
        if (rest.frame_offset) {
            const std::string problem = fmt::format(
                "the record with LSN {} cannot be read, but at offset {} stands a later frame of "
                "this journal, with first LSN {}, written when LSN {} was durable",
                recovery_.last_lsn.next().value, *rest.frame_offset, rest.frame.first_lsn.value,
                rest.frame.durable_lsn.value
            );
            return damaged(directory_, named.name, suspect, problem);
        }
        if (rest.dirty_begin != rest.dirty_end) {
            recovery_.torn_tail = true;
            recovery_.cuts.push_back({named.sequence, rest.dirty_begin, rest.dirty_end});
        }
        return {};
    }

    Status check_unused(const ScannedFile& scanned) {
        const auto& [named, header] = scanned;
        FG_TRY_ASSIGN(const auto file, directory_.open(named.name, OpenMode::read));
        FileWindow window(*file, named.size);
        const std::uint64_t begin = header ? sector_size : 0;
        FG_TRY(cut_rest(window, named, 0, begin, begin));
        recovery_.torn_tail = recovery_.torn_tail || !header;
        recovery_.unused_files.push_back({named.sequence, named.size, !header});
        return {};
    }

    const Directory& directory_;
    std::vector<ScannedFile> files_;
    std::size_t used_ = 0;  ///< how many files are in use
    Recovery recovery_;
};

}  // namespace

Result<std::optional<Recovery>> scan(const Directory& directory) {
    return Scanner(directory).run();
}

}  // namespace faregate::journal
