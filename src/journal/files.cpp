#include "journal/files.h"

#include <fmt/format.h>

#include <algorithm>

namespace faregate::journal {
namespace {

// Synced piece by piece, so that no flush of a whole file stands in the way of the writer's syncs.
constexpr std::size_t piece_size = std::size_t{1024} * 1024;

Status fill(File& file, const FileHeader& header) {
    FG_TRY(file.allocate(header.file_size));
    for (std::uint64_t offset = 0; offset < header.file_size; offset += piece_size) {
        FG_TRY(write_zeros(file, offset, std::min(offset + piece_size, header.file_size)));
        FG_TRY(file.sync());
    }
    std::array<std::byte, sector_size> sector;
    encode(header, sector);
    FG_TRY(file.write_at(0, sector));
    return file.sync();
}

Status make_filled(Directory& directory, const FileHeader& header, const std::string& temporary) {
    FG_TRY_ASSIGN(const auto file, directory.create(temporary));
    FG_TRY(fill(*file, header));
    FG_TRY(directory.rename(temporary, file_name(header.sequence)));
    return directory.sync();
}

}  // namespace

Result<std::vector<NamedFile>> list_files(const Directory& directory) {
    FG_TRY_ASSIGN(const auto all, directory.list());
    std::vector<NamedFile> files;
    for (const FileInfo& info : all) {
        if (const auto sequence = parse_file_name(info.name)) {
            files.push_back({*sequence, info.name, info.size});
        }
    }
    std::ranges::sort(files, {}, &NamedFile::sequence);
    return files;
}

Result<OpenFile> make_file(Directory& directory, const FileHeader& header) {
    const std::string temporary = file_name(header.sequence).append(temporary_suffix);
    if (auto made = make_filled(directory, header, temporary); !made) {
        // The space must not stay taken on a full disk. That this may fail too changes nothing: the
        // name is used again by the next attempt.
        static_cast<void>(directory.remove(temporary).has_value());
        return tl::unexpected<Error>(std::move(made).error());
    }
    // Opened by its new name, which later errors will tell.
    FG_TRY_ASSIGN(auto file, directory.open(file_name(header.sequence), OpenMode::read_write));
    return OpenFile{header.sequence, header.file_size, std::move(file)};
}

Status write_zeros(File& file, std::uint64_t begin, std::uint64_t end) {
    static constexpr std::array<std::byte, std::size_t{64} * 1024> zeros{};
    while (begin < end) {
        const auto length = std::min<std::uint64_t>(zeros.size(), end - begin);
        FG_TRY(file.write_at(begin, std::span(zeros).first(static_cast<std::size_t>(length))));
        begin += length;
    }
    return {};
}

tl::unexpected<Error> newer(
    const Directory& directory, const std::string& name, std::uint64_t offset, std::uint16_t version
) {
    return failure(
        ErrorCode::corruption,
        fmt::format(
            "journal file {}/{} has at offset {} {}. Nothing was changed. Start the Faregate that "
            "wrote it, or one that is newer; docs/operations.md says under \"Upgrading\" how to "
            "return to an older one",
            directory.path(), name, offset, describe_unreadable(version)
        )
    );
}

tl::unexpected<Error> damaged(
    const Directory& directory, const std::string& name, std::uint64_t offset,
    const std::string& problem
) {
    return failure(
        ErrorCode::corruption,
        fmt::format(
            "journal file {}/{} is damaged at offset {}: {}. Nothing was changed. Look at it with "
            "`faregate journal inspect` and restore the directory from its disk or a copy; only "
            "if PostgreSQL has every record you need, move the directory away and start a new "
            "journal",
            directory.path(), name, offset, problem
        )
    );
}

}  // namespace faregate::journal
