#include "journal/repair.h"

namespace faregate::journal {
namespace {

Result<OpenFile> open_file(Directory& directory, std::uint64_t sequence, std::uint64_t size) {
    FG_TRY_ASSIGN(auto file, directory.open(file_name(sequence), OpenMode::read_write));
    return OpenFile{sequence, size, std::move(file)};
}

Status cut(OpenFile& open, const Recovery& recovery) {
    for (const Recovery::Cut& range : recovery.cuts) {
        if (range.sequence == open.sequence) {
            FG_TRY(write_zeros(*open.file, range.begin, range.end));
        }
    }
    return {};
}

Status write_again(File& file, std::uint64_t begin, std::uint64_t end) {
    std::vector<std::byte> bytes(static_cast<std::size_t>(end - begin));
    FG_TRY_ASSIGN(const auto size, file.read_at(begin, bytes));
    return file.write_at(begin, std::span(bytes).first(size));
}

/// The newest frame may be in the page cache only, because its sync failed or never came. A sync
/// alone would not do: after one that failed, the kernel believes those pages to be clean. So what
/// may be in doubt is written again.
Status make_durable(OpenFile& open, const Recovery& recovery) {
    FG_TRY(write_again(*open.file, 0, sector_size));
    FG_TRY(write_again(*open.file, recovery.last_frame_offset, recovery.end_offset));
    return open.file->sync();
}

Status write_prepared_header(OpenFile& open, const JournalId& journal) {
    FileHeader header;
    header.journal = journal;
    header.sequence = open.sequence;
    header.file_size = open.size;
    std::array<std::byte, sector_size> sector;
    encode(header, sector);
    return open.file->write_at(0, sector);
}

/// From the last one down, each removal durable before the next, so that a crash leaves no gap.
Status remove_files(Directory& directory, std::span<const Recovery::UnusedFile> files) {
    for (std::size_t i = files.size(); i-- > 0;) {
        FG_TRY(directory.remove(file_name(files[i].sequence)));
        FG_TRY(directory.sync());
    }
    return {};
}

}  // namespace

Result<RepairedFiles> repair(
    Directory& directory, const Recovery& recovery, std::uint64_t file_size
) {
    RepairedFiles files;
    const std::uint64_t last = recovery.files.back().sequence;
    FG_TRY_ASSIGN(files.current, open_file(directory, last, recovery.end_file_size));
    FG_TRY(cut(files.current, recovery));
    FG_TRY(make_durable(files.current, recovery));

    const std::span unused(recovery.unused_files);
    std::size_t kept = 0;
    while (kept < unused.size() && unused[kept].size == file_size) ++kept;
    FG_TRY(remove_files(directory, unused.subspan(kept)));
    for (const Recovery::UnusedFile& file : unused.first(kept)) {
        FG_TRY_ASSIGN(auto open, open_file(directory, file.sequence, file.size));
        FG_TRY(cut(open, recovery));
        if (file.header_torn) FG_TRY(write_prepared_header(open, recovery.journal));
        FG_TRY(open.file->sync());
        files.prepared.push_back(std::move(open));
    }
    // The names too may be in memory only.
    FG_TRY(directory.sync());
    return files;
}

Status remove_temporary_files(Directory& directory) {
    FG_TRY_ASSIGN(const auto all, directory.list());
    for (const FileInfo& info : all) {
        std::string_view name = info.name;
        if (!name.ends_with(temporary_suffix)) continue;
        name.remove_suffix(temporary_suffix.size());
        if (parse_file_name(name)) FG_TRY(directory.remove(info.name));
    }
    return {};
}

}  // namespace faregate::journal
