#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <string>

#include "faregate/core/id.h"
#include "faregate/core/lsn.h"
#include "faregate/core/result.h"
#include "faregate/journal/disk.h"

namespace faregate::journal {

/// What a copy holds, and what the call added to it.
struct CopyReport {
    JournalId journal;
    Lsn first_lsn;     ///< of the oldest record; last_lsn.next() if there is none
    Lsn last_lsn;      ///< of the newest record
    Epoch epoch;       ///< of the newest frame in the last file
    std::string hash;  ///< of the newest frame, hexadecimal: stands for all before it
    std::uint64_t files = 0;
    std::uint64_t records_added = 0;
    std::uint64_t files_written = 0;
};

struct CopyOptions {
    /// A copy that begins begins with the file that has this record; files before it are left out.
    /// 0: with the oldest file. Of no meaning for a copy that goes on.
    Lsn from;
    /// Nothing after the last frame that ends at or below this.
    Lsn up_to{std::numeric_limits<std::uint64_t>::max()};
    /// What looks like damage may be a write that is under way, so it is read again this often,
    /// with a pause in between, before it is called damage.
    std::uint32_t rereads_max = 200;
    std::uint32_t reread_pause_ms = 10;
    /// Called after every file.
    std::function<void(const CopyReport&)> on_file;
};

/// Copies the journal in `source`, which needs no lock and may be written meanwhile, to `target`.
/// The copy is a journal like any other: the same bytes up to its end, then zeros. It has every
/// record that was acknowledged before the call, may have later ones, and has none that the source
/// could still lose to a loss of power. Frames are read through their checksums and the chain, so a
/// damaged or incomplete source is `corruption`, named by file and offset, and never copied; a torn
/// tail is left out.
///
/// If `target` holds an earlier copy, that goes on: what is new is added. Files appear in `target`
/// whole, under their names once they are durable, and in order; so it is a good, only shorter copy
/// at every moment, also after an interruption. A copy that has other records than the source, or
/// more of them, is `already_exists`: they are not of one history.
///
/// `target` is locked for the time of the call, so that neither another copy nor a server uses it.
Result<CopyReport> copy(
    const Directory& source, Directory& target, const CopyOptions& options = {}
);

}  // namespace faregate::journal
