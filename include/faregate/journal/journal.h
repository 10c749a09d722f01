#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "faregate/core/id.h"
#include "faregate/core/lsn.h"
#include "faregate/core/result.h"
#include "faregate/core/time.h"
#include "faregate/journal/disk.h"
#include "faregate/journal/recovery.h"

namespace faregate::journal {

/// What one sync took and moved.
struct SyncReport {
    std::int64_t microseconds = 0;  ///< of the write and the sync together
    std::uint32_t records = 0;
    std::uint64_t bytes = 0;  ///< with header and padding
};

struct JournalOptions {
    /// Of files made from now on. A multiple of 512 that holds a frame of frame_size_max.
    std::uint64_t file_size = std::uint64_t{64} << 20;
    /// A multiple of 512 that holds a record of record_size_max, and at most 1 GiB.
    std::uint32_t frame_size_max = std::uint32_t{8} << 20;
    std::uint32_t record_size_max = std::uint32_t{4} << 20;
    /// Bytes that may wait for the writer, with frame headers and padding; at least frame_size_max.
    /// The journal takes twice this from the address space, and touches as much as is needed.
    std::uint64_t queue_size_max = std::uint64_t{32} << 20;
    /// How long the background thread waits before it tries again to prepare a file.
    std::uint32_t prepare_retry_ms = 1'000;

    /// Called by the writer after each sync that made records durable. Must be quick, and must not
    /// call stop().
    std::function<void(Lsn durable)> on_durable;
    /// Called by the writer after each sync.
    std::function<void(const SyncReport&)> on_sync;
    /// Called when a write or sync failed. It should not return; if it does, as in tests, nothing
    /// is written or published ever again. The default prints the error and aborts the process.
    std::function<void(const Error&)> on_fatal;
};

/// For a journal that begins.
struct NewJournal {
    JournalId id;  ///< 16 random bytes
    Epoch epoch;
    Lsn first_lsn{1};  ///< more if the database already has records of an earlier journal
};

/// For a journal that goes on.
struct Resumption {
    Epoch epoch;      ///< this server's; not below that of the newest frame
    Lsn applied_lsn;  ///< what PostgreSQL has: a journal that ends before it has lost records
};

struct JournalStats {
    std::uint64_t queue_bytes = 0;     ///< waiting for the writer
    std::uint64_t file_count = 0;      ///< in use
    std::uint64_t prepared_count = 0;  ///< ready for use; 0 for long means that the disk is full
    std::uint64_t sync_count = 0;
    bool failed = false;
};

/// The writing side of the journal: gives every record the next LSN and makes it durable. What
/// waits is written as one frame with one sync, however many records that are.
///
/// append(), durable_lsn(), last_lsn(), stats() and wait_durable() may be called by any thread at
/// any time. Everything else belongs to the owner. With start() the writing and the preparation of
/// files happen on two threads of the journal's own; without it the owner calls write_once() and
/// prepare_once(), as the simulation does, and nothing happens in between.
///
/// The directory must outlive the journal. Destroying a journal that was not stopped is like a
/// crash: what is queued, and so never was acknowledged, is lost.
class Journal {
  public:
    /// Starts a journal in a directory that has none (`already_exists` otherwise).
    static Result<std::unique_ptr<Journal>> create(
        Directory& directory, std::unique_ptr<DirectoryLock> lock, const NewJournal& start,
        JournalOptions options
    );

    /// Goes on after what scan() found, under the same lock. Cuts a torn tail, makes everything
    /// found durable, and writes an empty frame that says so. Errors: `corruption` if records that
    /// PostgreSQL has, or the first one it lacks, are missing; `fenced` if the epoch is too low.
    static Result<std::unique_ptr<Journal>> open(
        Directory& directory, std::unique_ptr<DirectoryLock> lock, const Recovery& recovery,
        const Resumption& start, JournalOptions options
    );

    ~Journal();

    /// Queues a copy of `record` and returns its LSN; quick enough to be called under a lock.
    /// Whatever is admitted has its place on the disk already. Errors, all without any effect:
    /// `invalid_argument`, the record is too large; `unavailable`, the queue is full, the disk is
    /// full, or the journal is stopping.
    Result<Lsn> append(std::string_view record);

    /// Everything up to here is on disk. Never goes back.
    Lsn durable_lsn() const noexcept;
    /// The last LSN that was given to a record.
    Lsn last_lsn() const;

    /// Blocks until `lsn` is durable. `unavailable`: the journal failed or stopped before that. For
    /// tools and tests; needs start().
    Status wait_durable(Lsn lsn);

    /// Starts the two threads. Once.
    void start();

    /// Writes everything that is queued; false if that was nothing.
    bool write_once();

    /// Prepares the next file if there is none; true if it did. On an error append() goes on until
    /// the current file is full, and refuses from then until a later call succeeds.
    Result<bool> prepare_once();

    /// Refuses new records, writes and syncs what is queued, and ends the threads. Once stopped, a
    /// journal does nothing more.
    void stop();

    /// Deletes the oldest files, those whose records are all below `lsn` and that were last written
    /// before `modified_before`; never the one in use. Returns how many. May run beside the
    /// journal's threads, on one thread at a time.
    Result<std::uint64_t> remove_before(Lsn lsn, Timestamp modified_before);

    JournalStats stats() const;

  private:
    class Impl;
    explicit Journal(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace faregate::journal
