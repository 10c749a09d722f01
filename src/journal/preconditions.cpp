#include "journal/preconditions.h"

#include <fmt/format.h>

#include "faregate/journal/reader.h"
#include "journal/files.h"

namespace faregate::journal {
namespace {

constexpr std::uint64_t frame_size_limit = std::uint64_t{1} << 30;

/// Empty if the options agree.
const char* problem_with(const JournalOptions& options) {
    const std::uint64_t frame_size = options.frame_size_max;
    if (frame_size % sector_size != 0 || frame_size > frame_size_limit) {
        return "frame_size_max must be a multiple of 512, at most 1 GiB";
    }
    if (frame_size < frame_header_size + record_prefix_size + options.record_size_max) {
        return "frame_size_max is too small for a record of record_size_max";
    }
    if (options.file_size % sector_size != 0 || options.file_size < sector_size + frame_size) {
        return "file_size must be a multiple of 512, and hold a frame of frame_size_max";
    }
    if (options.queue_size_max < frame_size) {
        return "queue_size_max must be at least frame_size_max";
    }
    return "";
}

}  // namespace

Status check(const JournalOptions& options) {
    const std::string problem = problem_with(options);
    if (problem.empty()) return {};
    return failure(ErrorCode::invalid_argument, "journal options: " + problem);
}

Status check_covers(const Directory& directory, const Recovery& recovery, Lsn applied_lsn) {
    if (applied_lsn > recovery.last_lsn) {
        const std::string problem = fmt::format(
            "the journal ends here with LSN {}, but PostgreSQL has records up to LSN {}, which "
            "were durable in the journal before",
            recovery.last_lsn.value, applied_lsn.value
        );
        const std::uint64_t sequence = recovery.files.back().sequence;
        return damaged(directory, file_name(sequence), recovery.end_offset, problem);
    }
    if (applied_lsn.next() < recovery.first_lsn) {
        return failure(
            ErrorCode::corruption,
            fmt::format(
                "the journal in {} begins with LSN {}, but PostgreSQL has records only up to LSN "
                "{}: what is between them is in neither. Restore a younger backup of the database, "
                "or one that was taken together with its journal, or bring back the journal files "
                "before {}. Files are kept for FAREGATE_JOURNAL_KEEP_HOURS",
                directory.path(), recovery.first_lsn.value, applied_lsn.value,
                file_name(recovery.files.front().sequence)
            )
        );
    }
    return {};
}

Status check_history(
    const Directory& directory, const Recovery& recovery, Lsn applied_lsn,
    std::string_view applied_hash
) {
    if (applied_hash.empty() || applied_lsn < recovery.first_lsn) return {};
    const auto reader = JournalReader::open(directory, applied_lsn);
    if (!reader) return {};
    const auto record = (*reader)->next(applied_lsn);
    if (!record || !*record) return {};
    if (record_hash((*record)->epoch, (*record)->bytes) == applied_hash) return {};
    return failure(
        ErrorCode::already_exists,
        fmt::format(
            "the journal in {0} and the database have different histories: LSN {1} is another "
            "record here than in the database. Another copy of this journal was served with the "
            "database meanwhile. Start the server with that copy's data directory. What only this "
            "one has was never in the database: `faregate journal inspect` shows it",
            directory.path(), applied_lsn.value
        )
    );
}

Status check(const Directory& directory, const Recovery& recovery, const Resumption& start) {
    FG_TRY(check_covers(directory, recovery, start.applied_lsn));
    if (start.epoch < recovery.epoch) {
        return failure(
            ErrorCode::fenced,
            fmt::format(
                "the journal in {} was written in epoch {}, and this server was given epoch {}; "
                "claim the journal again",
                directory.path(), recovery.epoch.value, start.epoch.value
            )
        );
    }
    return {};
}

}  // namespace faregate::journal
