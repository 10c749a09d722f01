#include "faregate/journal/journal.h"

#include <fmt/format.h>
#include <pthread.h>

#include <atomic>
#include <chrono>
#include <deque>
#include <thread>

#include "faregate/core/assert.h"
#include "faregate/core/mutex.h"
#include "journal/die.h"
#include "journal/files.h"
#include "journal/frame.h"
#include "journal/frame_queue.h"
#include "journal/preconditions.h"
#include "journal/repair.h"

namespace faregate::journal {
class Journal::Impl {
  public:
    struct Start {
        JournalId id;
        Epoch epoch;
        Lsn last_lsn;
        Hash last_hash{};
        OpenFile current;
        std::uint64_t offset = sector_size;
        std::vector<Recovery::FileInUse> files;
        std::vector<OpenFile> prepared;
    };

    Impl(
        Directory& directory, std::unique_ptr<DirectoryLock> lock, JournalOptions options,
        Start start
    )
        : options_(std::move(options)),
          directory_(directory),
          lock_(std::move(lock)),
          id_(start.id),
          epoch_(start.epoch),
          queue_(
              options_.queue_size_max, options_.frame_size_max,
              {start.current.sequence, start.offset, start.current.size}, start.last_lsn.next()
          ),
          files_(start.files.begin(), start.files.end()),
          next_sequence_(start.current.sequence + 1),
          current_(std::move(start.current)),
          chain_(start.last_lsn.next(), start.last_hash),
          writing_(options_.queue_size_max),
          durable_(start.last_lsn.value) {
        for (OpenFile& file : start.prepared) {
            next_sequence_ = file.sequence + 1;
            queue_.add_file(file.sequence, file.size);
            prepared_.push_back(std::move(file));
        }
    }

    ~Impl() {
        {
            MutexLock lock(queue_mutex_);
            stopping_ = abandoned_ = true;
        }
        join();
    }

    Result<Lsn> append(std::string_view record) FG_EXCLUDES(queue_mutex_) {
        if (record.size() > options_.record_size_max) {
            return failure(
                ErrorCode::invalid_argument,
                fmt::format(
                    "a journal record has at most {} bytes, and this one {}",
                    options_.record_size_max, record.size()
                )
            );
        }
        Lsn lsn;
        bool wake_writer = false;
        bool wake_preparer = false;
        {
            MutexLock lock(queue_mutex_);
            if (stopping_)
                return refuse(failed_ ? "the journal failed" : "the journal is stopping");
            lsn = queue_.next_lsn();
            const bool had_next_file = queue_.has_next_file();
            const Admission admission = queue_.add(record);
            if (admission == Admission::queue_full) return refuse("the journal queue is full");
            if (admission == Admission::no_room) return refuse(no_room_);
            wake_writer = std::exchange(writer_waits_, false) || lsn == gathered_;
            wake_preparer = had_next_file && !queue_.has_next_file();
        }
        if (wake_writer) queued_.notify_one();
        if (wake_preparer) file_taken_.notify_one();
        return lsn;
    }

    Lsn durable_lsn() const noexcept { return Lsn{durable_.load(std::memory_order_acquire)}; }

    Lsn last_lsn() const FG_EXCLUDES(queue_mutex_) {
        MutexLock lock(queue_mutex_);
        return Lsn{queue_.next_lsn().value - 1};
    }

    Status wait_durable(Lsn lsn) FG_EXCLUDES(durable_mutex_) {
        MutexLock lock(durable_mutex_);
        while (durable_lsn() < lsn && !ended_) durable_changed_.wait(durable_mutex_);
        if (durable_lsn() >= lsn) return {};
        return failure(
            ErrorCode::unavailable,
            fmt::format("the journal ended before LSN {} was durable", lsn.value)
        );
    }

    void start() {
        FG_ASSERT(!writer_.joinable(), "a journal is started once");
        writer_ = std::thread([this] { writer_loop(); });
        preparer_ = std::thread([this] { preparer_loop(); });
    }

    bool write_once() {
        const Result<bool> written = write_queued();
        if (written) return *written;
        fail(written.error());
        return true;
    }

    Result<bool> prepare_once() FG_EXCLUDES(queue_mutex_) {
        {
            MutexLock lock(queue_mutex_);
            if (queue_.has_next_file() || failed_) return false;
        }
        FileHeader header;
        header.journal = id_;
        header.sequence = next_sequence_;
        header.file_size = options_.file_size;
        auto file = make_file(directory_, header);
        MutexLock lock(queue_mutex_);
        if (!file) {
            const bool full = file.error().code == ErrorCode::unavailable;
            no_room_ = full ? "the journal disk is full: " : "the next journal file failed: ";
            no_room_ += file.error().message;
            return tl::unexpected<Error>(std::move(file).error());
        }
        no_room_ = not_ready;
        ++next_sequence_;
        queue_.add_file(file->sequence, file->size);
        prepared_.push_back(std::move(*file));
        return true;
    }

    void stop() {
        {
            MutexLock lock(queue_mutex_);
            if (stopped_) return;
            stopping_ = stopped_ = true;
        }
        join();
        while (write_once()) continue;
        add_empty_frame();
        write_once();
        end();
    }

    /// A frame without records says in its header that everything before it was durable: from then
    /// on damage to the last record cannot be taken for a write that did not finish.
    Status write_empty_frame() {
        add_empty_frame();
        FG_TRY(write_queued());
        return {};
    }

    /// Goes on in the next file, as a journal must whose last file has an older format: begins it
    /// at once with such an empty frame. A full disk is met as always, by refusing records.
    Status upgrade() FG_EXCLUDES(queue_mutex_) {
        auto prepared = prepare_once();
        if (!prepared && prepared.error().code != ErrorCode::unavailable) {
            return tl::unexpected<Error>(std::move(prepared).error());
        }
        {
            MutexLock lock(queue_mutex_);
            queue_.begin_next_file();
        }
        FG_TRY(write_queued());
        return {};
    }

    Result<std::uint64_t> remove_before(Lsn lsn, Timestamp modified_before) {
        FG_TRY_ASSIGN(const auto infos, directory_.list());
        for (std::uint64_t removed = 0;; ++removed) {
            const auto sequence = removable(lsn);
            if (!sequence) return removed;
            const std::string name = file_name(*sequence);
            for (const FileInfo& info : infos) {
                if (info.name == name && info.modified_at >= modified_before) return removed;
            }
            // Each removal is durable before the next, so that a crash leaves no gap. A file that
            // is gone was removed by an attempt that could not sync.
            const Status gone = directory_.remove(name);
            if (!gone && gone.error().code != ErrorCode::not_found)
                return tl::unexpected(gone.error());
            FG_TRY(directory_.sync());
            MutexLock lock(queue_mutex_);
            files_.pop_front();
        }
    }

    JournalStats stats() const FG_EXCLUDES(queue_mutex_) {
        MutexLock lock(queue_mutex_);
        return {
            queue_.size(), files_.size(), prepared_.size(),
            sync_count_.load(std::memory_order_relaxed), failed_};
    }

  private:
    static constexpr const char* not_ready = "the next journal file is not ready yet";
    static constexpr std::uint32_t gather_from = 4;  ///< records
    static constexpr std::chrono::microseconds gather_time{100};

    static tl::unexpected<Error> refuse(std::string why) {
        return failure(ErrorCode::unavailable, std::move(why));
    }

    void writer_loop() FG_EXCLUDES(queue_mutex_) {
        pthread_setname_np(pthread_self(), "fg-journal");
        do {
            MutexLock lock(queue_mutex_);
            while (queue_.empty() && !stopping_) {
                writer_waits_ = true;
                queued_.wait(queue_mutex_);
            }
            gather();
            if (abandoned_) return;
        } while (write_once());
    }

    /// A write and a sync cost the same for one record as for many, the threads that they wake too.
    /// So when many clients are at work, as the last write shows, the next one is put off for a
    /// moment that is shorter than a sync.
    void gather() FG_REQUIRES(queue_mutex_) {
        if (last_count_ < gather_from || stopping_) return;
        // As many as the last time: whoever was answered then has asked again.
        gathered_ = Lsn{last_written_.value + last_count_};
        if (queue_.next_lsn() <= gathered_) queued_.wait_for(queue_mutex_, gather_time);
        gathered_ = Lsn{};
    }

    void preparer_loop() FG_EXCLUDES(queue_mutex_) {
        pthread_setname_np(pthread_self(), "fg-prepare");
        for (;;) {
            {
                MutexLock lock(queue_mutex_);
                while (queue_.has_next_file() && !stopping_) file_taken_.wait(queue_mutex_);
                if (stopping_) return;
            }
            if (prepare_once()) continue;
            MutexLock lock(queue_mutex_);
            if (stopping_) return;
            file_taken_.wait_for(
                queue_mutex_, std::chrono::milliseconds(options_.prepare_retry_ms)
            );
        }
    }

    void join() FG_EXCLUDES(queue_mutex_) {
        queued_.notify_all();
        file_taken_.notify_all();
        if (writer_.joinable()) writer_.join();
        if (preparer_.joinable()) preparer_.join();
    }

    /// True if there was something.
    Result<bool> write_queued() FG_EXCLUDES(queue_mutex_) {
        {
            MutexLock lock(queue_mutex_);
            if (failed_ || queue_.empty()) return false;
            queue_.swap(writing_);
        }
        // One sync for each frame, and there is more than one only past frame_size_max or the end
        // of a file. Recovery relies on it: whatever stands before a frame was durable.
        for (const QueuedFrame& frame : writing_.frames) FG_TRY(write_frame(frame));
        return true;
    }

    Status write_frame(const QueuedFrame& frame) {
        if (frame.sequence != current_.sequence) FG_TRY(rotate(frame));
        const std::span bytes(
            writing_.bytes.get() + frame.begin,
            static_cast<std::size_t>(round_up_to_sector(frame.size))
        );
        FrameHeader header = describe(frame, bytes);
        header.journal = id_;
        header.epoch = epoch_;
        header.durable_lsn = durable_lsn();
        header.previous_hash = chain_.hash();
        encode(header, bytes.first<frame_header_size>());

        const auto begin = std::chrono::steady_clock::now();
        last_count_ = frame.count;
        last_written_ = frame.count == 0 ? last_written_ : Lsn{header.next_lsn().value - 1};
        FG_TRY(current_.file->write_at(frame.file_offset, bytes));
        FG_TRY(current_.file->sync());
        const auto length = std::chrono::steady_clock::now() - begin;
        if (frame.count != 0) publish(Lsn{header.next_lsn().value - 1});
        // The hash is needed by the next frame only, so nobody waits for it.
        chain_.follow(header, bytes);
        sync_count_.fetch_add(1, std::memory_order_relaxed);
        if (options_.on_sync) {
            const auto microseconds =
                std::chrono::duration_cast<std::chrono::microseconds>(length).count();
            options_.on_sync({microseconds, frame.count, bytes.size()});
        }
        return {};
    }

    /// Takes the next prepared file into use. Its header is durable before its first frame, so that
    /// a file with a bad header and a good frame can only be damage.
    Status rotate(const QueuedFrame& frame) FG_EXCLUDES(queue_mutex_) {
        {
            MutexLock lock(queue_mutex_);
            FG_ASSERT(!prepared_.empty(), "a frame was admitted without a file");
            current_ = std::move(prepared_.front());
            prepared_.pop_front();
        }
        FG_ASSERT(current_.sequence == frame.sequence, "files are used in their order");
        FileHeader header;
        header.journal = id_;
        header.sequence = current_.sequence;
        header.file_size = current_.size;
        header.first_lsn = frame.first_lsn;
        header.previous_hash = chain_.hash();
        std::array<std::byte, sector_size> sector;
        encode(header, sector);
        FG_TRY(current_.file->write_at(0, sector));
        FG_TRY(current_.file->sync());
        MutexLock lock(queue_mutex_);
        files_.push_back({current_.sequence, frame.first_lsn});
        return {};
    }

    void publish(Lsn lsn) FG_EXCLUDES(durable_mutex_) {
        {
            MutexLock lock(durable_mutex_);
            durable_.store(lsn.value, std::memory_order_release);
        }
        durable_changed_.notify_all();
        if (options_.on_durable) options_.on_durable(lsn);
    }

    void fail(const Error& error) FG_EXCLUDES(queue_mutex_, durable_mutex_) {
        {
            MutexLock lock(queue_mutex_);
            failed_ = stopping_ = true;
        }
        if (options_.on_fatal) {
            options_.on_fatal(error);
        } else {
            die(error);
        }
        file_taken_.notify_all();
        end();
    }

    void end() FG_EXCLUDES(durable_mutex_) {
        {
            MutexLock lock(durable_mutex_);
            ended_ = true;
        }
        durable_changed_.notify_all();
    }

    void add_empty_frame() FG_EXCLUDES(queue_mutex_) {
        MutexLock lock(queue_mutex_);
        if (!failed_) queue_.add_empty_frame();
    }

    std::optional<std::uint64_t> removable(Lsn lsn) const FG_EXCLUDES(queue_mutex_) {
        MutexLock lock(queue_mutex_);
        if (files_.size() < 2 || files_[1].first_lsn > lsn) return std::nullopt;
        return files_[0].sequence;
    }

    const JournalOptions options_;
    Directory& directory_;
    const std::unique_ptr<DirectoryLock> lock_;
    const JournalId id_;
    const Epoch epoch_;

    // Between everybody. Held for a copy of a record at most, never during I/O.
    mutable Mutex queue_mutex_;
    ConditionVariable queued_;
    ConditionVariable file_taken_;
    FrameQueue queue_ FG_GUARDED_BY(queue_mutex_);
    std::deque<OpenFile> prepared_ FG_GUARDED_BY(queue_mutex_);
    std::deque<Recovery::FileInUse> files_ FG_GUARDED_BY(queue_mutex_);
    std::string no_room_ FG_GUARDED_BY(queue_mutex_) = not_ready;
    bool writer_waits_ FG_GUARDED_BY(queue_mutex_) = false;
    Lsn gathered_ FG_GUARDED_BY(queue_mutex_);  ///< wakes the writer that lets records gather
    bool stopping_ FG_GUARDED_BY(queue_mutex_) = false;
    bool stopped_ FG_GUARDED_BY(queue_mutex_) = false;
    bool abandoned_ FG_GUARDED_BY(queue_mutex_) = false;
    bool failed_ FG_GUARDED_BY(queue_mutex_) = false;

    // Of the thread that prepares.
    std::uint64_t next_sequence_;

    // Of the thread that writes.
    std::uint32_t last_count_ = 0;  ///< records of the last frame
    Lsn last_written_;
    OpenFile current_;
    Chain chain_;
    Batch writing_;

    // Set by the thread that writes, read by all.
    std::atomic<std::uint64_t> durable_;
    std::atomic<std::uint64_t> sync_count_{0};
    Mutex durable_mutex_;
    ConditionVariable durable_changed_;
    bool ended_ FG_GUARDED_BY(durable_mutex_) = false;

    std::thread writer_;
    std::thread preparer_;
};

Result<std::unique_ptr<Journal>> Journal::create(
    Directory& directory, std::unique_ptr<DirectoryLock> lock, const NewJournal& start,
    JournalOptions options
) {
    FG_ASSERT(start.first_lsn != Lsn{}, "LSN 0 is before the first record");
    FG_TRY(check(options));
    FG_TRY_ASSIGN(const auto existing, list_files(directory));
    if (!existing.empty()) {
        return failure(
            ErrorCode::already_exists, "there is a journal already in " + directory.path()
        );
    }
    FG_TRY(remove_temporary_files(directory));
    FileHeader header;
    header.journal = start.id;
    header.sequence = 1;
    header.file_size = options.file_size;
    header.first_lsn = start.first_lsn;
    FG_TRY_ASSIGN(auto file, make_file(directory, header));
    Impl::Start begin;
    begin.id = start.id;
    begin.epoch = start.epoch;
    begin.last_lsn = Lsn{start.first_lsn.value - 1};
    begin.current = std::move(file);
    begin.files = {{1, start.first_lsn}};
    return std::unique_ptr<Journal>(new Journal(
        std::make_unique<Impl>(directory, std::move(lock), std::move(options), std::move(begin))
    ));
}

Result<std::unique_ptr<Journal>> Journal::open(
    Directory& directory, std::unique_ptr<DirectoryLock> lock, const Recovery& recovery,
    const Resumption& start, JournalOptions options
) {
    FG_TRY(check(options));
    FG_TRY(check(directory, recovery, start));
    FG_TRY(remove_temporary_files(directory));
    FG_TRY_ASSIGN(auto files, repair(directory, recovery, options.file_size));
    Impl::Start begin;
    begin.id = recovery.journal;
    begin.epoch = start.epoch;
    begin.last_lsn = recovery.last_lsn;
    begin.last_hash = recovery.end_hash;
    begin.current = std::move(files.current);
    // A file's frames have its version, so no frame goes into what is left of an older one.
    const bool older = recovery.end_version < format_version;
    begin.offset = older ? recovery.end_file_size : recovery.end_offset;
    begin.files = recovery.files;
    begin.prepared = std::move(files.prepared);
    auto impl =
        std::make_unique<Impl>(directory, std::move(lock), std::move(options), std::move(begin));
    FG_TRY(older ? impl->upgrade() : impl->write_empty_frame());
    return std::unique_ptr<Journal>(new Journal(std::move(impl)));
}

Journal::Journal(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Journal::~Journal() = default;

Result<Lsn> Journal::append(std::string_view record) { return impl_->append(record); }
Lsn Journal::durable_lsn() const noexcept { return impl_->durable_lsn(); }
Lsn Journal::last_lsn() const { return impl_->last_lsn(); }
Status Journal::wait_durable(Lsn lsn) { return impl_->wait_durable(lsn); }
void Journal::start() { impl_->start(); }
bool Journal::write_once() { return impl_->write_once(); }
Result<bool> Journal::prepare_once() { return impl_->prepare_once(); }
void Journal::stop() { impl_->stop(); }
Result<std::uint64_t> Journal::remove_before(Lsn lsn, Timestamp modified_before) {
    return impl_->remove_before(lsn, modified_before);
}
JournalStats Journal::stats() const { return impl_->stats(); }

}  // namespace faregate::journal
