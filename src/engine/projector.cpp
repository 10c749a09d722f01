#include "faregate/engine/projector.h"

#include <utility>

#include "engine/projection_builder.h"
#include "faregate/engine/record.h"
#include "faregate/journal/reader.h"

namespace faregate::engine {

class Projector::Impl {
  public:
    Impl(ProjectionStore& store, OpenReader open_reader, Options options)
        : store_(store), open_reader_(std::move(open_reader)), options_(options) {}

    Result<Lsn> step(Lsn durable) {
        if (reader_ == nullptr) FG_TRY(synchronize());
        FG_TRY(forget_on_failure(fill(durable)));
        if (builder_.batch().empty()) return applied_;
        const Status committed = store_.commit(builder_.batch());
        if (committed) applied_ = builder_.batch().last;
        builder_.clear();
        FG_TRY(forget_on_failure(committed));
        return applied_;
    }

  private:
    /// Asks the store where it stands and reads from there on. What the store says is the truth:
    /// the answer to a commit may have been lost, or the store may have fallen back.
    Status synchronize() {
        FG_TRY_ASSIGN(applied_, store_.applied_lsn());
        FG_TRY_ASSIGN(reader_, open_reader_(applied_.next()));
        return {};
    }

    Status fill(Lsn durable) {
        std::uint64_t bytes = 0;
        for (std::uint32_t i = 0; i < options_.batch_records_max; ++i) {
            FG_TRY_ASSIGN(const auto found, reader_->next(durable));
            if (!found) break;
            FG_TRY_ASSIGN(Record record, decode_record(found->bytes));
            builder_.add(found->lsn, std::move(record));
            last_bytes_ = found->bytes;
            last_epoch_ = found->epoch;
            bytes += found->bytes.size();
            if (bytes >= options_.batch_bytes_max) break;
        }
        if (bytes > 0) builder_.set_last_hash(journal::record_hash(last_epoch_, last_bytes_));
        return {};
    }

    Status forget_on_failure(Status status) {
        if (!status) {
            reader_.reset();
            builder_.clear();
        }
        return status;
    }

    ProjectionStore& store_;
    OpenReader open_reader_;
    const Options options_;
    std::unique_ptr<journal::JournalReader> reader_;
    ProjectionBuilder builder_;
    std::string last_bytes_;  ///< of the record that was read last
    Epoch last_epoch_;
    Lsn applied_;
};

Projector::Projector(ProjectionStore& store, OpenReader open_reader, Options options)
    : impl_(std::make_unique<Impl>(store, std::move(open_reader), options)) {}
Projector::~Projector() = default;

Result<Lsn> Projector::step(Lsn durable) { return impl_->step(durable); }

}  // namespace faregate::engine
