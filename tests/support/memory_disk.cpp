#include "support/memory_disk.h"

#include <algorithm>
#include <array>
#include <set>

#include "faregate/core/assert.h"

namespace faregate::support {

using journal::DirectoryLock;
using journal::File;
using journal::FileInfo;
using journal::OpenMode;

namespace {

using Sector = std::array<std::byte, MemoryDisk::sector_size>;
using Bytes = std::vector<std::byte>;

Sector sector_of(const Bytes& bytes, std::uint64_t offset) {
    Sector sector{};
    const auto begin = static_cast<std::size_t>(offset);
    if (begin >= bytes.size()) return sector;
    const std::size_t length = std::min(sector.size(), bytes.size() - begin);
    std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(begin), length, sector.begin());
    return sector;
}

}  // namespace

struct MemoryDisk::Inode {
    Bytes bytes;  ///< as a reader sees them
    std::uint64_t durable_size = 0;
    /// For every unsynced sector its durable content and then every later one but the newest, which
    /// is in `bytes`.
    std::map<std::uint64_t, std::vector<Sector>> older;
    /// Sectors whose sync failed: no later sync makes them durable until they are written again.
    std::set<std::uint64_t> lost;
    Timestamp modified_at;

    void write(std::uint64_t offset, std::span<const std::byte> data) {
        const std::uint64_t end = offset + data.size();
        const std::uint64_t first = offset / sector_size * sector_size;
        for (std::uint64_t at = first; at < end; at += sector_size) {
            older[at].push_back(sector_of(bytes, at));
            lost.erase(at);
        }
        if (end > bytes.size()) bytes.resize(static_cast<std::size_t>(end));
        std::ranges::copy(data, bytes.begin() + static_cast<std::ptrdiff_t>(offset));
    }

    void sync() {
        std::erase_if(older, [this](const auto& entry) { return !lost.contains(entry.first); });
        durable_size = bytes.size();
    }

    void fail_sync() {
        for (const auto& entry : older) lost.insert(entry.first);
    }

    void make_durable() {
        lost.clear();
        sync();
    }

    void put(std::uint64_t offset, const Sector& sector) {
        const auto begin = static_cast<std::size_t>(offset);
        if (begin >= bytes.size()) return;
        const std::size_t length = std::min(sector.size(), bytes.size() - begin);
        std::copy_n(sector.begin(), length, bytes.begin() + static_cast<std::ptrdiff_t>(begin));
    }

    void crash(const std::string& name, const ChooseVersion& choose, bool keep_size) {
        for (const auto& [offset, versions] : older) {
            const std::size_t chosen = choose({name, offset, versions.size()});
            FG_ASSERT(chosen <= versions.size(), "there is no such version of the sector");
            if (chosen < versions.size()) put(offset, versions[chosen]);
        }
        if (!keep_size) bytes.resize(static_cast<std::size_t>(durable_size));
        make_durable();
    }
};

struct MemoryDisk::State {
    using Names = std::map<std::string, std::shared_ptr<Inode>>;
    Names names;
    std::vector<Names> unsynced_names;  ///< the durable ones, then those after every later change
    FaultInjector injector;
    std::uint64_t capacity = std::uint64_t{1} << 40;
    std::uint64_t process = 1;  ///< files and locks of earlier ones are dead
    bool locked = false;
    std::optional<Epoch> signed_epoch;  ///< since the machine was booted
    Timestamp now;

    void before_change() { unsynced_names.push_back(names); }
};

class MemoryDisk::OpenedFile final : public File {
  public:
    OpenedFile(
        const MemoryDisk& disk, std::string name, std::shared_ptr<Inode> inode,
        std::uint64_t process, OpenMode mode
    )
        : disk_(disk),
          name_(std::move(name)),
          inode_(std::move(inode)),
          process_(process),
          mode_(mode) {}

    Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) const override {
        MutexLock lock(disk_.mutex_);
        FG_TRY(check(Operation::read, offset, out.size()));
        const Bytes& bytes = inode_->bytes;
        if (offset >= bytes.size()) return std::size_t{0};
        const auto begin = static_cast<std::size_t>(offset);
        const std::size_t length = std::min(out.size(), bytes.size() - begin);
        std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(begin), length, out.begin());
        return length;
    }

    Status write_at(std::uint64_t offset, std::span<const std::byte> bytes) override {
        MutexLock lock(disk_.mutex_);
        FG_TRY(check(Operation::write, offset, bytes.size()));
        FG_TRY(check_space(offset + bytes.size()));
        inode_->write(offset, bytes);
        inode_->modified_at = disk_.state_->now;
        return {};
    }

    Status allocate(std::uint64_t size) override {
        MutexLock lock(disk_.mutex_);
        FG_TRY(check(Operation::allocate, 0, size));
        return check_space(size);
    }

    Status sync() override {
        MutexLock lock(disk_.mutex_);
        if (auto status = check(Operation::sync, 0, 0); !status) {
            inode_->fail_sync();
            return status;
        }
        inode_->sync();
        return {};
    }

    Result<std::uint64_t> size() const override {
        MutexLock lock(disk_.mutex_);
        FG_TRY(check(Operation::read, 0, 0));
        return inode_->bytes.size();
    }

  private:
    Status check(Operation operation, std::uint64_t offset, std::uint64_t size) const
        FG_REQUIRES(disk_.mutex_) {
        if (process_ != disk_.state_->process) {
            return failure(ErrorCode::io, name_ + ": the process that opened this file has ended");
        }
        FG_ASSERT(
            mode_ == OpenMode::read_write || operation == Operation::read ||
                operation == Operation::sync,
            "the file was opened for reading"
        );
        auto refused = disk_.refuse(operation, name_, offset, size);
        if (refused) return tl::unexpected<Error>(std::move(*refused));
        return {};
    }

    Status check_space(std::uint64_t end) const FG_REQUIRES(disk_.mutex_) {
        const std::uint64_t size = inode_->bytes.size();
        if (end <= size || disk_.used() - size + end <= disk_.state_->capacity) return {};
        return failure(
            ErrorCode::unavailable,
            "cannot write " + disk_.path_ + "/" + name_ + ": No space left on device"
        );
    }

    const MemoryDisk& disk_;
    const std::string name_;
    const std::shared_ptr<Inode> inode_;
    const std::uint64_t process_;
    const OpenMode mode_;
};

class MemoryDisk::Lock final : public DirectoryLock {
  public:
    Lock(MemoryDisk& disk, std::uint64_t process) : disk_(disk), process_(process) {}
    ~Lock() override {
        MutexLock lock(disk_.mutex_);
        if (process_ == disk_.state_->process) disk_.state_->locked = false;
    }
    Lock(const Lock&) = delete;
    Lock& operator=(const Lock&) = delete;

    std::optional<Epoch> ended_owner() const noexcept override {
        MutexLock lock(disk_.mutex_);
        return disk_.state_->signed_epoch;
    }
    void sign(Epoch epoch) override {
        MutexLock lock(disk_.mutex_);
        disk_.state_->signed_epoch = epoch;
    }

  private:
    MemoryDisk& disk_;
    const std::uint64_t process_;
};

MemoryDisk::MemoryDisk(std::string path)
    : path_(std::move(path)), state_(std::make_unique<State>()) {}
MemoryDisk::~MemoryDisk() = default;

Result<std::vector<FileInfo>> MemoryDisk::list() const {
    MutexLock lock(mutex_);
    if (auto refused = refuse(Operation::list, path_)) {
        return tl::unexpected<Error>(std::move(*refused));
    }
    std::vector<FileInfo> files;
    for (const auto& [name, inode] : state_->names) {
        files.push_back({name, inode->bytes.size(), inode->modified_at});
    }
    return files;
}

Result<std::unique_ptr<File>> MemoryDisk::open(const std::string& name, OpenMode mode) const {
    MutexLock lock(mutex_);
    if (auto refused = refuse(Operation::open, name)) {
        return tl::unexpected<Error>(std::move(*refused));
    }
    const auto found = state_->names.find(name);
    if (found == state_->names.end()) {
        return failure(ErrorCode::not_found, "there is no file " + name);
    }
    return std::make_unique<OpenedFile>(*this, name, found->second, state_->process, mode);
}

Result<std::unique_ptr<File>> MemoryDisk::create(const std::string& name) {
    MutexLock lock(mutex_);
    if (auto refused = refuse(Operation::create, name)) {
        return tl::unexpected<Error>(std::move(*refused));
    }
    state_->before_change();
    auto inode = std::make_shared<Inode>();
    inode->modified_at = state_->now;
    state_->names[name] = inode;
    return std::make_unique<OpenedFile>(*this, name, inode, state_->process, OpenMode::read_write);
}

Status MemoryDisk::rename(const std::string& from, const std::string& to) {
    MutexLock lock(mutex_);
    if (auto refused = refuse(Operation::rename, from)) {
        return tl::unexpected<Error>(std::move(*refused));
    }
    const auto found = state_->names.find(from);
    if (found == state_->names.end()) {
        return failure(ErrorCode::not_found, "there is no file " + from);
    }
    state_->before_change();
    auto inode = found->second;
    state_->names.erase(found);
    state_->names[to] = std::move(inode);
    return {};
}

Status MemoryDisk::remove(const std::string& name) {
    MutexLock lock(mutex_);
    if (auto refused = refuse(Operation::remove, name)) {
        return tl::unexpected<Error>(std::move(*refused));
    }
    if (!state_->names.contains(name)) {
        return failure(ErrorCode::not_found, "there is no file " + name);
    }
    state_->before_change();
    state_->names.erase(name);
    return {};
}

Status MemoryDisk::sync() {
    MutexLock lock(mutex_);
    if (auto refused = refuse(Operation::sync_directory, path_)) {
        return tl::unexpected<Error>(std::move(*refused));
    }
    state_->unsynced_names.clear();
    return {};
}

Result<std::unique_ptr<DirectoryLock>> MemoryDisk::lock() {
    MutexLock lock(mutex_);
    if (auto refused = refuse(Operation::lock, path_)) {
        return tl::unexpected<Error>(std::move(*refused));
    }
    if (state_->locked) {
        return failure(ErrorCode::unavailable, "the journal in " + path_ + " is in use");
    }
    state_->locked = true;
    return std::make_unique<Lock>(*this, state_->process);
}

void MemoryDisk::set_fault_injector(FaultInjector injector) {
    MutexLock lock(mutex_);
    state_->injector = std::move(injector);
}

void MemoryDisk::set_capacity(std::uint64_t bytes) {
    MutexLock lock(mutex_);
    state_->capacity = bytes;
}

void MemoryDisk::crash(std::mt19937_64& random) {
    MutexLock lock(mutex_);
    if (!state_->unsynced_names.empty()) {
        const std::size_t kept = random() % (state_->unsynced_names.size() + 1);
        if (kept < state_->unsynced_names.size()) state_->names = state_->unsynced_names[kept];
    }
    for (const auto& [name, inode] : state_->names) {
        const bool keep_size = random() % 2 == 0;
        const auto any = [&](const UnsyncedSector& sector) {
            return static_cast<std::size_t>(random() % (sector.newest + 1));
        };
        inode->crash(name, any, keep_size);
    }
    end_process();
}

void MemoryDisk::crash(const ChooseVersion& choose) {
    MutexLock lock(mutex_);
    for (const auto& [name, inode] : state_->names) inode->crash(name, choose, true);
    end_process();
}

void MemoryDisk::kill() {
    MutexLock lock(mutex_);
    ++state_->process;
    state_->locked = false;
}

std::vector<std::string> MemoryDisk::names() const {
    MutexLock lock(mutex_);
    std::vector<std::string> names;
    for (const auto& entry : state_->names) names.push_back(entry.first);
    return names;
}

std::vector<std::byte> MemoryDisk::content(const std::string& name) const {
    MutexLock lock(mutex_);
    return state_->names.at(name)->bytes;
}

void MemoryDisk::set_content(const std::string& name, std::vector<std::byte> bytes) {
    MutexLock lock(mutex_);
    auto& inode = state_->names[name];
    if (!inode) inode = std::make_shared<Inode>();
    inode->bytes = std::move(bytes);
    inode->make_durable();
}

void MemoryDisk::flip_bit(const std::string& name, std::uint64_t offset, unsigned bit) {
    MutexLock lock(mutex_);
    state_->names.at(name)->bytes.at(static_cast<std::size_t>(offset)) ^=
        static_cast<std::byte>(1U << bit);
}

void MemoryDisk::erase(const std::string& name) {
    MutexLock lock(mutex_);
    state_->names.erase(name);
    state_->unsynced_names.clear();
}

void MemoryDisk::copy_from(const MemoryDisk& other) {
    State::Names copies;
    {
        MutexLock lock(other.mutex_);
        for (const auto& [name, inode] : other.state_->names) {
            auto copy = std::make_shared<Inode>(*inode);
            copy->make_durable();
            copies[name] = std::move(copy);
        }
    }
    MutexLock lock(mutex_);
    state_->names = std::move(copies);
    end_process();
}

void MemoryDisk::set_time(Timestamp at) {
    MutexLock lock(mutex_);
    state_->now = at;
}

void MemoryDisk::end_process() {
    state_->unsynced_names.clear();
    state_->signed_epoch.reset();
    state_->locked = false;
    ++state_->process;
}

std::optional<Error> MemoryDisk::refuse(
    Operation operation, const std::string& name, std::uint64_t offset, std::uint64_t size
) const {
    if (!state_->injector) return std::nullopt;
    return state_->injector({operation, name, offset, size});
}

std::uint64_t MemoryDisk::used() const {
    std::uint64_t total = 0;
    for (const auto& entry : state_->names) total += entry.second->bytes.size();
    return total;
}

}  // namespace faregate::support
