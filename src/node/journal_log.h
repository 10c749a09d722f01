#pragma once

#include <cstdint>

#include "faregate/engine/engine.h"
#include "faregate/engine/watermark.h"
#include "faregate/journal/journal.h"

namespace faregate::node {

/// Lets the engine write to the journal, and keeps the backlog bounded: while PostgreSQL lacks more
/// than `backlog_max` records, new ones are refused before anything has changed. Thread-safe.
class JournalLog final : public engine::MutationLog {
  public:
    /// Both must outlive the log.
    JournalLog(
        journal::Journal& journal, const engine::Watermark& applied, std::uint64_t backlog_max
    )
        : journal_(journal), applied_(applied), backlog_max_(backlog_max) {}

    Result<Lsn> append(std::string_view record) override;
    Lsn applied_lsn() const override { return applied_.value(); }

    /// Durable records that PostgreSQL does not have yet.
    std::uint64_t backlog() const noexcept;
    bool backlog_full() const noexcept { return backlog() > backlog_max_; }
    std::uint64_t backlog_max() const noexcept { return backlog_max_; }

  private:
    journal::Journal& journal_;
    const engine::Watermark& applied_;
    const std::uint64_t backlog_max_;
};

}  // namespace faregate::node
