#include "faregate/journal/reader.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <optional>

#include "journal/files.h"
#include "journal/frame.h"
#include "journal/sha256.h"

namespace faregate::journal {
namespace {

/// Views into the window bind it to the file, so the two live and move together.
struct ReadFile {
    std::uint64_t sequence = 0;
    std::string name;
    std::unique_ptr<File> file;
    FileWindow window;
    std::optional<FileHeader> header;  ///< nothing: no valid one

    bool in_use() const { return header && header->in_use(); }
};

Result<ReadFile> open_file(const Directory& directory, std::uint64_t sequence) {
    std::string name = file_name(sequence);
    FG_TRY_ASSIGN(auto file, directory.open(name, OpenMode::read));
    FG_TRY_ASSIGN(const auto size, file->size());
    FileWindow window(*file, size);
    FG_TRY_ASSIGN(const auto sector, window.view(0, sector_size));
    auto header = decode_file_header(sector);
    if (header && !is_readable(header->version)) {
        return newer(directory, name, 0, header->version);
    }
    window.discard();
    return ReadFile{sequence, std::move(name), std::move(file), std::move(window), header};
}

}  // namespace

std::string record_hash(Epoch epoch, std::string_view bytes) {
    const std::string text = fmt::format("{}\n{}", epoch.value, bytes);
    const Hash hash = Sha256()(std::as_bytes(std::span(text)));
    return fmt::format("{:02x}", fmt::join(hash, ""));
}

class JournalReader::Impl {
  public:
    Impl(const Directory& directory, ReadFile file, Lsn first)
        : directory_(directory),
          journal_(file.header->journal),
          first_(first),
          chain_(file.header->first_lsn, file.header->previous_hash),
          file_(std::move(file)) {}

    Result<std::optional<Record>> next(Lsn up_to) {
        for (;;) {
            if (records_left_ == 0) {
                if (chain_.next_lsn() > up_to) return std::nullopt;
                FG_TRY(read_next_frame(up_to));
            } else if (next_lsn_ > up_to) {
                return std::nullopt;
            } else {
                const Record record = take_record();
                if (record.lsn >= first_) return record;
            }
        }
    }

  private:
    /// Precondition: there is a record left.
    Record take_record() {
        const std::uint32_t size = decode_record_size(payload_.data());
        const auto bytes = payload_.subspan(record_prefix_size, size);
        payload_ = payload_.subspan(record_prefix_size + size);
        --records_left_;
        const Lsn lsn = next_lsn_;
        next_lsn_ = lsn.next();
        return {lsn, epoch_, {reinterpret_cast<const char*>(bytes.data()), bytes.size()}};
    }

    /// Precondition: the record with chain_.next_lsn() is durable.
    Status read_next_frame(Lsn up_to) {
        // What was read before that record was durable may be half of it.
        if (chain_.next_lsn() > window_up_to_) {
            file_.window.discard();
            window_up_to_ = up_to;
        }
        FG_TRY_ASSIGN(
            const auto frame, read_frame(file_.window, offset_, journal_, file_.header->version)
        );
        if (frame.state == FrameState::newer) {
            return newer(directory_, file_.name, offset_, frame.header.version);
        }
        if (frame.state != FrameState::valid) return go_to_next_file(frame);
        const std::string problem = chain_.problem_with(frame.header);
        if (!problem.empty()) return damaged(directory_, file_.name, offset_, problem);
        chain_.follow(frame.header, frame.bytes);
        payload_ = frame.payload();
        records_left_ = frame.header.count;
        next_lsn_ = frame.header.first_lsn;
        epoch_ = frame.header.epoch;
        offset_ += frame.bytes.size();
        return {};
    }

    /// The record must be in the next file, and that must follow exactly what was read from this
    /// one; otherwise `bad`, which stands at offset_, is damage.
    Status go_to_next_file(const FrameView& bad) {
        std::string problem = fmt::format(
            "the record with LSN {} should be here, but {}", chain_.next_lsn().value,
            bad.problem.empty() ? "there are only zeros" : bad.problem
        );
        auto next = open_file(directory_, file_.sequence + 1);
        if (!next && next.error().code != ErrorCode::not_found) {
            return tl::unexpected<Error>(std::move(next).error());
        }
        if (!next) {
            problem += "; and there is no later file";
        } else if (!next->in_use()) {
            problem += fmt::format("; and {} is not in use", next->name);
        } else if (next->header->journal != journal_ ||
                   next->header->first_lsn != chain_.next_lsn() ||
                   next->header->previous_hash != chain_.hash()) {
            problem += fmt::format("; and {} does not follow it", next->name);
        } else {
            file_ = std::move(*next);
            offset_ = sector_size;
            window_up_to_ = Lsn{};
            return {};
        }
        return damaged(directory_, file_.name, offset_, problem);
    }

    const Directory& directory_;
    const JournalId journal_;
    const Lsn first_;
    Chain chain_;  ///< after the frame that was read last
    ReadFile file_;
    std::uint64_t offset_ = sector_size;
    Lsn window_up_to_;  ///< what was durable when the window was read

    std::span<const std::byte> payload_;  ///< of the records that are left
    std::uint32_t records_left_ = 0;
    Lsn next_lsn_;
    Epoch epoch_;
};

Result<std::unique_ptr<JournalReader>> JournalReader::open(const Directory& directory, Lsn first) {
    FG_TRY_ASSIGN(const auto names, list_files(directory));
    std::optional<Lsn> oldest;
    for (auto named = names.rbegin(); named != names.rend(); ++named) {
        FG_TRY_ASSIGN(auto file, open_file(directory, named->sequence));
        if (!file.in_use()) continue;
        if (file.header->first_lsn <= first) {
            return std::unique_ptr<JournalReader>(
                new JournalReader(std::make_unique<Impl>(directory, std::move(file), first))
            );
        }
        oldest = file.header->first_lsn;
    }
    if (!oldest) return failure(ErrorCode::not_found, "there is no journal in " + directory.path());
    return failure(
        ErrorCode::not_found,
        fmt::format(
            "the journal in {} has no record with LSN {} any more: it begins with LSN {}",
            directory.path(), first.value, oldest->value
        )
    );
}

JournalReader::JournalReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
JournalReader::~JournalReader() = default;

Result<std::optional<Record>> JournalReader::next(Lsn up_to) { return impl_->next(up_to); }

}  // namespace faregate::journal
