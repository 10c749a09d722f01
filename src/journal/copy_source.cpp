#include "journal/copy_source.h"

#include <fmt/format.h>

#include "journal/files.h"

namespace faregate::journal {
namespace {

/// Empty, or why the file was used although it comes after the end.
Result<std::string> problem_with_later(const SourceFile& later, const JournalId& journal) {
    if (later.in_use()) return fmt::format("{} is in use", later.name);
    FileWindow window(*later.file, later.window.file_size());
    FG_TRY_ASSIGN(const auto rest, scan_rest(window, 0, 0, journal));
    if (rest.frame_offset) return fmt::format("{} has a frame", later.name);
    return std::string();
}

}  // namespace

Result<SourceFile> open_source(const Directory& directory, std::uint64_t sequence) {
    std::string name = file_name(sequence);
    FG_TRY_ASSIGN(auto file, directory.open(name, OpenMode::read));
    FG_TRY_ASSIGN(const auto size, file->size());
    FileWindow window(*file, size);
    FG_TRY_ASSIGN(const auto sector, window.view(0, sector_size));
    auto header = decode_file_header(sector);
    window.discard();
    if (header && !is_readable(header->version)) {
        return newer(directory, name, 0, header->version);
    }
    if (header && (header->sequence != sequence || header->file_size != size)) {
        return damaged(
            directory, name, 0,
            fmt::format(
                "the header says that this is file {} of {} bytes, and the file has {} bytes",
                header->sequence, header->file_size, size
            )
        );
    }
    return SourceFile{sequence, std::move(name), std::move(file), std::move(window), header};
}

Result<SourceFile> open_source_with(const Directory& directory, Lsn from) {
    FG_TRY_ASSIGN(const auto names, list_files(directory));
    std::optional<SourceFile> found;
    for (const NamedFile& named : names) {
        auto file = open_source(directory, named.sequence);
        // Removed since, because it was the oldest.
        if (!file && file.error().code == ErrorCode::not_found && !found) continue;
        if (!file) return tl::unexpected<Error>(std::move(file).error());
        if (!file->in_use() || (found && file->header->first_lsn > from)) break;
        found = std::move(*file);
    }
    if (!found && names.empty()) {
        return failure(ErrorCode::not_found, "there is no journal in " + directory.path());
    }
    if (!found) return damaged(directory, names.front().name, 0, "the header is wrong");
    if (from != Lsn{} && found->header->first_lsn > from) {
        return failure(
            ErrorCode::not_found,
            fmt::format(
                "the journal in {} has no record with LSN {} any more: it begins with LSN {}",
                directory.path(), from.value, found->header->first_lsn.value
            )
        );
    }
    return std::move(*found);
}

Result<std::optional<SourceFile>> open_next(
    const Directory& directory, const SourceFile& file, const Chain& chain
) {
    auto next = open_source(directory, file.sequence + 1);
    if (!next && next.error().code == ErrorCode::not_found) return std::nullopt;
    if (!next) return tl::unexpected<Error>(std::move(next).error());
    const bool follows = next->in_use() && next->header->journal == file.header->journal &&
                         next->header->first_lsn == chain.next_lsn() &&
                         next->header->previous_hash == chain.hash();
    if (!follows) return std::nullopt;
    return std::optional(std::move(*next));
}

Result<std::string> look_behind(
    const Directory& directory, SourceFile& file, std::uint64_t offset, const FrameView& frame
) {
    const bool no_header =
        frame.state == FrameState::unused || frame.state == FrameState::unreadable;
    const bool may_end = frame.state == FrameState::unused || frame.state == FrameState::torn;
    const std::string bad = frame.problem.empty() ? "there are only zeros" : frame.problem;
    // What looks like a frame within this one is a record's bytes.
    std::uint64_t frames_begin = offset + (no_header ? 0 : frame.header.frame_size());
    if (frame.state == FrameState::impossible) frames_begin = offset + sector_size;
    FG_TRY_ASSIGN(
        const auto rest, scan_rest(file.window, offset, frames_begin, file.header->journal)
    );
    if (rest.frame_offset) {
        return fmt::format("{}, but a later frame stands at offset {}", bad, *rest.frame_offset);
    }
    FG_TRY_ASSIGN(const auto names, list_files(directory));
    for (const NamedFile& named : names) {
        if (named.sequence <= file.sequence) continue;
        auto later = open_source(directory, named.sequence);
        if (!later && later.error().code == ErrorCode::not_found) continue;
        if (!later) return tl::unexpected<Error>(std::move(later).error());
        FG_TRY_ASSIGN(const auto problem, problem_with_later(*later, file.header->journal));
        if (!problem.empty()) return fmt::format("{}, but {}", bad, problem);
    }
    return may_end ? std::string() : bad;
}

}  // namespace faregate::journal
