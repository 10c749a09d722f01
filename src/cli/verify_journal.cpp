#include "cli/verify_journal.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/data_dir.h"
#include "faregate/engine/record.h"
#include "faregate/journal/inspect.h"

namespace faregate::cli {
namespace {

/// Hands the records of the journal to the comparison, and notes what of the journal is not there.
class Comparer final : public journal::InspectionVisitor {
  public:
    explicit Comparer(postgres::JournalComparison& comparison) : comparison_(comparison) {}

    void on_file(const journal::InspectedFile& file) override {
        if (file.header_ok && file.journal != comparison_.journal()) other_ = file.journal;
    }
    void on_record(const journal::InspectedRecord& record) override {
        if (!status_ || record.lsn > comparison_.applied_lsn() || other_) return;
        if (first_ == Lsn{}) first_ = record.lsn;
        if (last_ != Lsn{} && record.lsn != last_.next()) note_gap(last_.next(), record.lsn);
        last_ = record.lsn;
        const auto decoded = engine::decode_record(record.bytes);
        if (decoded) {
            status_ = comparison_.add(record.lsn, *decoded);
        } else {
            note_gap(record.lsn, record.lsn.next());
        }
    }

    Result<JournalVerdict> finish() {
        FG_TRY(status_);
        const Lsn applied = comparison_.applied_lsn();
        if (other_) {
            return failure(
                ErrorCode::invalid_argument,
                fmt::format(
                    "the database belongs to journal {}, and the data directory has journal {}: "
                    "name its own in FAREGATE_DATA_DIR",
                    comparison_.journal().text(), other_->text()
                )
            );
        }
        if (last_ < applied) note_gap(std::max(last_.next(), first_), applied.next());
        JournalVerdict verdict{first_, last_, {}};
        FG_TRY_ASSIGN(verdict.report, comparison_.finish());
        for (auto& gap : gaps_) {
            ++verdict.report.found_count;
            verdict.report.found.push_back(std::move(gap));
        }
        return verdict;
    }

  private:
    void note_gap(Lsn first, Lsn end) {
        gaps_.push_back(
            {"journal", fmt::format("lsn {}", first.value),
             fmt::format("LSN {} to {} cannot be read", first.value, end.value - 1)}
        );
    }

    postgres::JournalComparison& comparison_;
    Status status_;
    Lsn first_;
    Lsn last_;
    std::optional<JournalId> other_;
    std::vector<postgres::Discrepancy> gaps_;
};

}  // namespace

Result<JournalVerdict> verify_journal(const Settings& settings, std::uint32_t limit) {
    FG_TRY_ASSIGN(
        const auto directory, journal::PosixDirectory::open_existing(journal_path(settings))
    );
    FG_TRY_ASSIGN(
        const auto comparison, postgres::JournalComparison::open(settings.database_url, limit)
    );
    Comparer comparer(*comparison);
    FG_TRY(journal::inspect(*directory, comparer));
    return comparer.finish();
}

}  // namespace faregate::cli
