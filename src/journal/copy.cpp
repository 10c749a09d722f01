#include "faregate/journal/copy.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>
#include <optional>
#include <thread>

#include "faregate/journal/recovery.h"
#include "journal/copy_source.h"
#include "journal/files.h"
#include "journal/frame.h"
#include "journal/repair.h"

namespace faregate::journal {
namespace {

/// A file of the copy under its temporary name.
class NewFile {
  public:
    static Result<NewFile> create(Directory& directory, const SourceFile& source) {
        std::string name = source.name + std::string(temporary_suffix);
        FG_TRY_ASSIGN(auto file, directory.create(name));
        std::array<std::byte, sector_size> sector;
        encode(*source.header, sector);
        FG_TRY(file->write_at(0, sector));
        return NewFile(directory, source.name, std::move(name), std::move(file));
    }

    Status append(std::span<const std::byte> bytes) {
        FG_TRY(file_->write_at(end_, bytes));
        end_ += bytes.size();
        return {};
    }

    /// Gives the file its whole size and, once it is durable, its name.
    Status publish(std::uint64_t size) {
        FG_TRY(write_zeros(*file_, end_, size));
        FG_TRY(file_->sync());
        FG_TRY(directory_->rename(temporary_, name_));
        return directory_->sync();
    }

    Status discard() { return directory_->remove(temporary_); }

  private:
    NewFile(
        Directory& directory, std::string name, std::string temporary, std::unique_ptr<File> file
    )
        : directory_(&directory),
          name_(std::move(name)),
          temporary_(std::move(temporary)),
          file_(std::move(file)) {}

    Directory* directory_;
    std::string name_;
    std::string temporary_;
    std::unique_ptr<File> file_;
    std::uint64_t end_ = sector_size;
};

class Copier {
  public:
    Copier(const Directory& source, Directory& target, const CopyOptions& options)
        : source_(source), target_(target), options_(options) {}

    Result<CopyReport> run() {
        FG_TRY_ASSIGN(const auto lock, target_.lock());
        FG_TRY(remove_temporary_files(target_));
        FG_TRY(look_at_earlier_copy());
        FG_TRY(open_first());
        for (;;) {
            FG_TRY_ASSIGN(auto next, copy_file());
            if (options_.on_file) options_.on_file(report_);
            if (!next) break;
            file_ = std::move(*next);
        }
        return std::move(report_);
    }

  private:
    Status look_at_earlier_copy() {
        FG_TRY_ASSIGN(earlier_, scan(target_));
        if (!earlier_) return {};
        if (!earlier_->unused_files.empty()) {
            return failure(
                ErrorCode::already_exists,
                fmt::format(
                    "{} is the journal of a server, not a copy: it has files that are prepared for "
                    "use. Copy to another directory",
                    target_.path()
                )
            );
        }
        report_.first_lsn = earlier_->first_lsn;
        report_.files = earlier_->files.size() - 1;
        return {};
    }

    Status open_first() {
        if (earlier_) {
            FG_TRY_ASSIGN(file_, go_on_with(earlier_->files.back().sequence));
        } else {
            FG_TRY_ASSIGN(file_, open_source_with(source_, options_.from));
            report_.first_lsn = file_->header->first_lsn;
        }
        report_.journal = file_->header->journal;
        chain_.emplace(file_->header->first_lsn, file_->header->previous_hash);
        return {};
    }

    Result<SourceFile> go_on_with(std::uint64_t sequence) {
        auto file = open_source(source_, sequence);
        if (!file && file.error().code == ErrorCode::not_found) {
            return failure(
                ErrorCode::not_found,
                fmt::format(
                    "the journal in {} has no {} any more, with which the copy in {} would go on: "
                    "begin a new copy in another directory, and copy more often than "
                    "FAREGATE_JOURNAL_KEEP_HOURS",
                    source_.path(), file_name(sequence), target_.path()
                )
            );
        }
        if (file && (!file->in_use() || file->header->journal != earlier_->journal)) {
            return failure(
                ErrorCode::already_exists,
                fmt::format(
                    "the copy in {} is of journal {}, and {} has another one. Copy to another "
                    "directory",
                    target_.path(), earlier_->journal.text(), source_.path()
                )
            );
        }
        return file;
    }

    /// Whether the copy has this file already, at least in part.
    bool goes_on() const { return earlier_ && earlier_->files.back().sequence == file_->sequence; }

    /// Copies what there is of the file, and returns the next one, if that is in use.
    Result<std::optional<SourceFile>> copy_file() {
        FG_TRY_ASSIGN(auto out, NewFile::create(target_, *file_));
        offset_ = sector_size;
        known_ = chain_->next_lsn();
        met_earlier_end_ = false;
        FG_TRY_ASSIGN(auto bad, copy_frames(out));
        std::optional<SourceFile> next;
        for (std::uint32_t rereads = 0; bad.state != FrameState::valid; ++rereads) {
            FG_TRY_ASSIGN(next, open_next(source_, *file_, *chain_));
            if (next) break;
            // The first look may have been at what was read ahead, before the latest writes.
            if (rereads > 0) {
                FG_TRY_ASSIGN(const auto problem, look_behind(source_, *file_, offset_, bad));
                if (problem.empty()) break;
                if (rereads > options_.rereads_max) return give_up(problem);
                std::this_thread::sleep_for(std::chrono::milliseconds(options_.reread_pause_ms));
            }
            file_->window.discard();
            const std::uint64_t offset = offset_;
            FG_TRY_ASSIGN(bad, copy_frames(out));
            if (offset_ != offset) rereads = 0;
        }
        FG_TRY(finish(out, next.has_value()));
        return next;
    }

    /// Up to the first frame that cannot be read, or must not be copied any more: that is `valid`.
    Result<FrameView> copy_frames(NewFile& out) {
        for (;;) {
            if (goes_on() && offset_ == earlier_->end_offset) {
                if (chain_->hash() != earlier_->end_hash) return other_history();
                met_earlier_end_ = true;
                known_ = chain_->next_lsn();
            }
            FG_TRY_ASSIGN(
                auto frame,
                read_frame(file_->window, offset_, report_.journal, file_->header->version)
            );
            if (frame.state == FrameState::newer) {
                return newer(source_, file_->name, offset_, frame.header.version);
            }
            if (frame.state != FrameState::valid) return frame;
            const std::string problem = chain_->problem_with(frame.header);
            if (!problem.empty()) return damaged(source_, file_->name, offset_, problem);
            if (frame.header.next_lsn().value - 1 > options_.up_to.value) return frame;
            FG_TRY(out.append(frame.bytes));
            chain_->follow(frame.header, frame.bytes);
            offset_ += frame.bytes.size();
        }
    }

    Status finish(NewFile& out, bool has_next) {
        if (goes_on() && !met_earlier_end_) return other_history();
        report_.last_lsn = Lsn{chain_->next_lsn().value - 1};
        report_.epoch = chain_->epoch();
        report_.hash = fmt::format("{:02x}", fmt::join(chain_->hash(), ""));
        report_.records_added += chain_->next_lsn().value - known_.value;
        ++report_.files;
        if (goes_on() && offset_ == earlier_->end_offset) return out.discard();
        // The last frame may have been written and not synced. A copy must not have what a loss of
        // power may still take from the source, which would go on with other records then. All
        // frames before it were synced, or else it would not have been written.
        if (!has_next) FG_TRY(file_->file->sync());
        ++report_.files_written;
        return out.publish(file_->header->file_size);
    }

    tl::unexpected<Error> give_up(const std::string& problem) const {
        const auto again = source_.open(file_->name, OpenMode::read);
        if (again || again.error().code != ErrorCode::not_found) {
            return damaged(source_, file_->name, offset_, problem);
        }
        return failure(
            ErrorCode::unavailable,
            fmt::format(
                "the server removed {} and files after it while they were copied: run it again",
                file_->name
            )
        );
    }

    tl::unexpected<Error> other_history() const {
        return failure(
            ErrorCode::already_exists,
            fmt::format(
                "the copy in {} has records up to LSN {}, and the journal in {} is not its "
                "continuation. Copy to another directory; if nobody restored the journal from a "
                "backup, then it has lost what the copy has",
                target_.path(), earlier_->last_lsn.value, source_.path()
            )
        );
    }

    const Directory& source_;
    Directory& target_;
    const CopyOptions& options_;
    std::optional<Recovery> earlier_;  ///< what the copy had before
    std::optional<SourceFile> file_;
    std::optional<Chain> chain_;  ///< after the frame that was copied last
    CopyReport report_;

    // Of the file that is being copied.
    std::uint64_t offset_ = sector_size;
    Lsn known_;                     ///< the first record that the earlier copy lacks
    bool met_earlier_end_ = false;  ///< the earlier copy's last frame stands where it should
};

}  // namespace

Result<CopyReport> copy(const Directory& source, Directory& target, const CopyOptions& options) {
    return Copier(source, target, options).run();
}

}  // namespace faregate::journal
