#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "faregate/core/lsn.h"
#include "faregate/core/result.h"
#include "faregate/journal/disk.h"

namespace faregate::journal {

struct Record {
    Lsn lsn;
    Epoch epoch;
    std::string_view bytes;  ///< lives until the reader's next call
};

/// SHA-256 of a record and of the epoch that it was written in, as hexadecimal digits.
std::string record_hash(Epoch epoch, std::string_view bytes);

/// Reads the records of a journal in the order of their LSNs, verifying every checksum and the
/// chain of hashes on the way. May follow a journal that is being written, on a thread of its own.
/// One thread at a time. The directory must outlive it, and files that hold `first` or later
/// records must not be removed before they were read.
class JournalReader {
  public:
    /// The first record will be the one with LSN `first`, which need not be written yet.
    /// `not_found`: that record is older than the oldest file, or there is no journal.
    static Result<std::unique_ptr<JournalReader>> open(const Directory& directory, Lsn first);
    ~JournalReader();

    /// The next record, or nothing if its LSN is above `up_to`, which must be durable and never
    /// fall. `corruption` names file and offset; the reader is of no use after an error.
    Result<std::optional<Record>> next(Lsn up_to);

  private:
    class Impl;
    explicit JournalReader(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace faregate::journal
