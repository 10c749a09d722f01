#pragma once

#include <vector>

#include "faregate/journal/recovery.h"
#include "journal/files.h"

namespace faregate::journal {

struct RepairedFiles {
    OpenFile current;
    std::vector<OpenFile> prepared;  ///< by rising sequence
};

/// Cuts what `recovery` says and makes durable everything that it found, since from now on answers
/// depend on it. Keeps the prepared files that have `file_size`. Stopped at any point and repeated,
/// it ends in the same state.
Result<RepairedFiles> repair(
    Directory& directory, const Recovery& recovery, std::uint64_t file_size
);

/// Deletes files that were being prepared when the last server ended.
Status remove_temporary_files(Directory& directory);

}  // namespace faregate::journal
