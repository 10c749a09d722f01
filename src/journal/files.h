#pragma once

#include <memory>
#include <string>
#include <vector>

#include "faregate/journal/disk.h"
#include "journal/format.h"

namespace faregate::journal {

struct NamedFile {
    std::uint64_t sequence = 0;
    std::string name;
    std::uint64_t size = 0;
};

/// The journal's files by rising sequence; other names are left alone.
Result<std::vector<NamedFile>> list_files(const Directory& directory);

/// An open file of the journal.
struct OpenFile {
    std::uint64_t sequence = 0;
    std::uint64_t size = 0;
    std::unique_ptr<File> file;
};

/// Makes a whole file of zeros after `header`, under a temporary name until it is durable. Leaves
/// nothing behind if that fails.
Result<OpenFile> make_file(Directory& directory, const FileHeader& header);

/// Overwrites [begin, end) with zeros, and does not sync.
Status write_zeros(File& file, std::uint64_t begin, std::uint64_t end);

/// "DIRECTORY/NAME has at offset N format version V: a newer Faregate wrote it." and what to do.
tl::unexpected<Error> newer(
    const Directory& directory, const std::string& name, std::uint64_t offset, std::uint16_t version
);

/// "DIRECTORY/NAME is damaged at offset N: PROBLEM." and what to do about it.
tl::unexpected<Error> damaged(
    const Directory& directory, const std::string& name, std::uint64_t offset,
    const std::string& problem
);

}  // namespace faregate::journal
