#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "faregate/core/id.h"
#include "faregate/core/lsn.h"
#include "faregate/core/result.h"
#include "faregate/journal/disk.h"

namespace faregate::journal {

/// What a scan found in a directory, and where the writer goes on.
struct Recovery {
    JournalId journal;
    Lsn first_lsn;  ///< of the oldest record that is still kept; last_lsn.next() if there is none
    Lsn last_lsn;   ///< of the newest record; the one before first_lsn if there is none
    Epoch epoch;    ///< of the newest frame
    bool torn_tail = false;  ///< the last write did not finish; opening for writing cuts it off

    /// The files in use, oldest first, then those that are prepared.
    struct FileInUse {
        std::uint64_t sequence = 0;
        Lsn first_lsn;
    };
    struct UnusedFile {
        std::uint64_t sequence = 0;
        std::uint64_t size = 0;
        bool header_torn = false;
    };
    std::vector<FileInUse> files;
    std::vector<UnusedFile> unused_files;

    std::uint64_t end_file_size = 0;      ///< of the last file in use
    std::uint16_t end_version = 0;        ///< its format, which its frames have too
    std::uint64_t last_frame_offset = 0;  ///< end_offset if it has no frame
    std::uint64_t end_offset = 0;         ///< where the next frame goes in it
    std::array<std::uint8_t, 32> end_hash{};

    /// Bytes to be zeroed.
    struct Cut {
        std::uint64_t sequence = 0;
        std::uint64_t begin = 0;
        std::uint64_t end = 0;
    };
    std::vector<Cut> cuts;
};

/// Finds out what is in the directory, changing nothing: reads the headers of all files, and the
/// frames of the last one. Nothing if there is no journal. Hold the directory's lock from before
/// the scan until the journal is closed.
///
/// At the first bad frame it scans on. A torn tail is the last write, whose sync never came back;
/// anything else is `corruption`, and the message names file and offset. Damage in earlier files is
/// found by the JournalReader that replays them.
Result<std::optional<Recovery>> scan(const Directory& directory);

/// `corruption` unless the journal has every record that a database at `applied_lsn` lacks, and
/// ends no earlier than that.
Status check_covers(const Directory& directory, const Recovery& recovery, Lsn applied_lsn);

/// `already_exists` if the journal's record at `applied_lsn` is another one than the database had
/// there, by its record_hash: then the database was fed from another copy of this journal, which
/// went another way. Says nothing where the journal does not have that record any more or cannot
/// read it (who replays what follows finds out), or the hash is empty. Precondition:
/// check_covers().
Status check_history(
    const Directory& directory, const Recovery& recovery, Lsn applied_lsn,
    std::string_view applied_hash
);

}  // namespace faregate::journal
