#include "node/journal_log.h"

#include <fmt/format.h>

namespace faregate::node {

Result<Lsn> JournalLog::append(std::string_view record) {
    if (backlog_full()) {
        return failure(
            ErrorCode::unavailable,
            fmt::format(
                "PostgreSQL lacks more than {} records of the journal (journal_backlog_max)",
                backlog_max_
            )
        );
    }
    return journal_.append(record);
}

std::uint64_t JournalLog::backlog() const noexcept {
    const auto durable = journal_.durable_lsn().value;
    const auto applied = applied_.value().value;
    return durable > applied ? durable - applied : 0;
}

}  // namespace faregate::node
