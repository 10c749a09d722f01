#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "faregate/core/lsn.h"
#include "faregate/core/result.h"
#include "faregate/core/time.h"

namespace faregate::journal {

// What the journal needs of a disk, so that a simulated one can lose, tear and refuse writes.
//
// Errors: `unavailable` when there is no space left, `not_found` and `already_exists` for names,
// `io` for everything else. Every message names the file.

/// An open file. Reads and writes of several threads may overlap in time; what a read sees of a
/// concurrent write to the same bytes is undefined.
class File {
  public:
    virtual ~File() = default;

    /// Fills `out` with the bytes at `offset` and returns how many there were: fewer than asked for
    /// only at the end of the file.
    virtual Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) const = 0;

    /// Writes all of `bytes`, growing the file if need be. After an error any part may be written.
    virtual Status write_at(std::uint64_t offset, std::span<const std::byte> bytes) = 0;

    /// Takes the disk space for `size` bytes, so that a full disk is met before anything is
    /// written. Does nothing where the file system cannot do so.
    virtual Status allocate(std::uint64_t size) = 0;

    /// Makes everything written so far survive a loss of power (fdatasync), whoever wrote it: a
    /// file that was opened for reading can be synced, too. After an error nobody knows what
    /// survives, and no later success of sync tells: never call it again.
    virtual Status sync() = 0;

    virtual Result<std::uint64_t> size() const = 0;
};

/// Held while this object lives; a process that ends gives it back.
class DirectoryLock {
  public:
    virtual ~DirectoryLock() = default;

    /// The epoch of the owner that signed last, if that was in this very directory: whoever has the
    /// lock now knows that it has ended. Nothing where that cannot be known: nobody signed, the
    /// machine was booted since, or this is a copy of the directory.
    virtual std::optional<Epoch> ended_owner() const noexcept = 0;
    /// Says to later holders that this one became the owner with this epoch. Not every holder does:
    /// some only look, or make copies. If it cannot be written, later ones know less.
    virtual void sign(Epoch epoch) = 0;
};

struct FileInfo {
    std::string name;
    std::uint64_t size = 0;
    Timestamp modified_at;
};

enum class OpenMode { read, read_write };

/// One directory of files, without subdirectories. Thread-safe. Files must not outlive it.
class Directory {
  public:
    virtual ~Directory() = default;

    /// For messages.
    virtual const std::string& path() const = 0;

    /// All files, in no particular order.
    virtual Result<std::vector<FileInfo>> list() const = 0;

    virtual Result<std::unique_ptr<File>> open(const std::string& name, OpenMode mode) const = 0;

    /// Makes an empty file for reading and writing; one of that name is emptied.
    virtual Result<std::unique_ptr<File>> create(const std::string& name) = 0;

    /// Replaces a file named `to`.
    virtual Status rename(const std::string& from, const std::string& to) = 0;
    virtual Status remove(const std::string& name) = 0;

    /// Makes creations, renames and removals survive a loss of power.
    virtual Status sync() = 0;

    /// Keeps every other process (and every other holder in this one) out. `unavailable`: somebody
    /// has it.
    virtual Result<std::unique_ptr<DirectoryLock>> lock() = 0;
};

}  // namespace faregate::journal
