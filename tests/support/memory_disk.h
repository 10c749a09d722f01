#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "faregate/core/mutex.h"
#include "faregate/journal/disk.h"

namespace faregate::support {

/// A disk in memory that fails as real ones do. What was written and what was synced are kept
/// apart; crash() loses what was not synced, sector by sector, and directory entries that were not
/// synced. Deterministic; thread-safe except for what says otherwise.
class MemoryDisk final : public journal::Directory {
  public:
    static constexpr std::uint64_t sector_size = 512;

    enum class Operation {
        open,
        create,
        rename,
        remove,
        list,
        lock,
        read,
        write,
        allocate,
        sync,
        sync_directory
    };
    struct Access {
        Operation operation = Operation::open;
        std::string name;
        std::uint64_t offset = 0;
        std::uint64_t size = 0;
    };
    /// Asked before every access, and may refuse it. A refused write has changed nothing (use
    /// crash() for torn ones); after a refused sync, what it should have made
    /// durable is in doubt until it is written again, whatever later syncs say. Must not call the
    /// disk.
    using FaultInjector = std::function<std::optional<Error>(const Access&)>;

    explicit MemoryDisk(std::string path = "memory");
    MemoryDisk(const MemoryDisk&) = delete;
    MemoryDisk& operator=(const MemoryDisk&) = delete;
    ~MemoryDisk() override;

    // The disk as the journal sees it.
    const std::string& path() const override { return path_; }
    Result<std::vector<journal::FileInfo>> list() const override;
    Result<std::unique_ptr<journal::File>> open(const std::string& name, journal::OpenMode mode)
        const override;
    Result<std::unique_ptr<journal::File>> create(const std::string& name) override;
    Status rename(const std::string& from, const std::string& to) override;
    Status remove(const std::string& name) override;
    Status sync() override;
    Result<std::unique_ptr<journal::DirectoryLock>> lock() override;

    // Faults.
    void set_fault_injector(FaultInjector injector);
    /// Bytes that all files together may have; past it, `unavailable`.
    void set_capacity(std::uint64_t bytes);

    /// One version of a sector that was not synced: 0 is what is durable, 1 the first write after
    /// that, and so on up to `newest`.
    struct UnsyncedSector {
        std::string name;
        std::uint64_t offset = 0;
        std::size_t newest = 0;
    };
    using ChooseVersion = std::function<std::size_t(const UnsyncedSector&)>;

    /// A loss of power: every unsynced sector becomes one of its versions, any prefix of the
    /// unsynced changes of names survives, locks are free. Files opened before fail from now on.
    void crash(std::mt19937_64& random);
    /// The same with a choice for every sector, in the order of names and offsets. All changes of
    /// names survive.
    void crash(const ChooseVersion& choose);
    /// The process is killed: what it wrote stays, synced or not, and is still not durable.
    void kill();

    // What tests look at and change behind the journal's back; the change is durable.
    std::vector<std::string> names() const;
    std::vector<std::byte> content(const std::string& name) const;
    void set_content(const std::string& name, std::vector<std::byte> bytes);
    void flip_bit(const std::string& name, std::uint64_t offset, unsigned bit);
    void erase(const std::string& name);
    /// Becomes a copy of what the other one would be after everything was synced.
    void copy_from(const MemoryDisk& other);
    /// The time stamp of files written from now on.
    void set_time(Timestamp at);

  private:
    struct Inode;
    struct State;
    class OpenedFile;
    class Lock;

    void end_process() FG_REQUIRES(mutex_);
    std::optional<Error> refuse(
        Operation operation, const std::string& name, std::uint64_t offset = 0,
        std::uint64_t size = 0
    ) const FG_REQUIRES(mutex_);
    std::uint64_t used() const FG_REQUIRES(mutex_);

    const std::string path_;
    mutable Mutex mutex_;
    const std::unique_ptr<State> state_ FG_PT_GUARDED_BY(mutex_);
};

}  // namespace faregate::support
