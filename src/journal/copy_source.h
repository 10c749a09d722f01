#pragma once

#include <memory>
#include <optional>
#include <string>

#include "journal/frame.h"

namespace faregate::journal {

/// A file of a journal that is being written, maybe.
struct SourceFile {
    std::uint64_t sequence = 0;
    std::string name;
    std::unique_ptr<File> file;
    FileWindow window;
    std::optional<FileHeader> header;  ///< nothing: no valid one of this version

    bool in_use() const { return header && header->in_use(); }
};

/// `not_found` if there is none; `corruption` if it contradicts its own header.
Result<SourceFile> open_source(const Directory& directory, std::uint64_t sequence);

/// The file in use that has the record `from`, or would have it next; the oldest one for 0.
Result<SourceFile> open_source_with(const Directory& directory, Lsn from);

/// The file after `file` if it is in use and follows the chain, which ends in `file`.
Result<std::optional<SourceFile>> open_next(
    const Directory& directory, const SourceFile& file, const Chain& chain
);

/// `frame` stands at `offset` and is none that can be read. Empty if that is the end of the
/// journal: nothing, or a torn write, and nothing of this journal behind it. Otherwise what speaks
/// against it; that may also be a write that is under way.
Result<std::string> look_behind(
    const Directory& directory, SourceFile& file, std::uint64_t offset, const FrameView& frame
);

}  // namespace faregate::journal
