#include "faregate/journal/posix_disk.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <system_error>

namespace faregate::journal {
namespace {

tl::unexpected<Error> system_error(std::string_view doing, const std::string& path, int number) {
    ErrorCode code = ErrorCode::io;
    if (number == ENOSPC || number == EDQUOT) code = ErrorCode::unavailable;
    // The process has too much open at the moment, which is no fault of the disk.
    if (number == EMFILE || number == ENFILE || number == ENOMEM) code = ErrorCode::unavailable;
    if (number == ENOENT) code = ErrorCode::not_found;
    if (number == EEXIST) code = ErrorCode::already_exists;
    return failure(
        code, fmt::format("cannot {} {}: {}", doing, path, std::generic_category().message(number))
    );
}

/// A file descriptor that is closed at the end.
class Descriptor {
  public:
    explicit Descriptor(int number) : number_(number) {}
    ~Descriptor() {
        if (number_ >= 0) ::close(number_);
    }
    Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    Descriptor& operator=(Descriptor&&) = delete;
    int number() const { return number_; }

  private:
    int number_;
};

class PosixFile final : public File {
  public:
    PosixFile(std::string path, Descriptor descriptor)
        : path_(std::move(path)), descriptor_(std::move(descriptor)) {}

    Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) const override {
        std::size_t done = 0;
        while (done < out.size()) {
            const auto count = ::pread(
                descriptor_.number(), out.data() + done, out.size() - done,
                static_cast<off_t>(offset + done)
            );
            if (count < 0 && errno == EINTR) continue;
            if (count < 0) return system_error("read", at(offset + done), errno);
            if (count == 0) break;
            done += static_cast<std::size_t>(count);
        }
        return done;
    }

    Status write_at(std::uint64_t offset, std::span<const std::byte> bytes) override {
        std::size_t done = 0;
        while (done < bytes.size()) {
            const auto count = ::pwrite(
                descriptor_.number(), bytes.data() + done, bytes.size() - done,
                static_cast<off_t>(offset + done)
            );
            if (count < 0 && errno == EINTR) continue;
            if (count < 0) return system_error("write", at(offset + done), errno);
            done += static_cast<std::size_t>(count);
        }
        return {};
    }

    Status allocate(std::uint64_t size) override {
        for (;;) {
            if (::fallocate(descriptor_.number(), 0, 0, static_cast<off_t>(size)) == 0) return {};
            if (errno == EOPNOTSUPP || errno == ENOSYS) return {};
            if (errno != EINTR) return system_error("allocate space for", path_, errno);
        }
    }

    Status sync() override {
        if (::fdatasync(descriptor_.number()) == 0) return {};
        return system_error("sync", path_, errno);
    }

    Result<std::uint64_t> size() const override {
        struct stat status {};
        if (::fstat(descriptor_.number(), &status) != 0) {
            return system_error("find the size of", path_, errno);
        }
        return static_cast<std::uint64_t>(status.st_size);
    }

  private:
    std::string at(std::uint64_t offset) const {
        return fmt::format("{} at offset {}", path_, offset);
    }

    const std::string path_;
    const Descriptor descriptor_;
};

std::string read_text(int descriptor) {
    char text[256] = {};
    const auto length = ::pread(descriptor, text, sizeof text, 0);
    return std::string(text, length > 0 ? static_cast<std::size_t>(length) : 0);
}

/// What no copy of the lock file shares with it, on this machine or another, until the machine is
/// booted again. Empty if the system does not tell.
std::string place_of(int descriptor) {
    const Descriptor boot_id(::open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC));
    struct stat status {};
    if (boot_id.number() < 0 || ::fstat(descriptor, &status) != 0) return {};
    std::string boot = read_text(boot_id.number());
    boot.resize(std::min(boot.size(), boot.find('\n')));
    return fmt::format("{} {}:{}", boot, status.st_dev, status.st_ino);
}

std::string last_line(const std::string& text) {
    const std::size_t end = text.find('\n');
    return end == std::string::npos ? std::string{} : text.substr(end + 1);
}

/// The lock is the flock, not the text.
void write_text(int descriptor, const std::string& text) {
    const bool written =
        ::ftruncate(descriptor, 0) == 0 && ::pwrite(descriptor, text.data(), text.size(), 0) > 0;
    static_cast<void>(written);
}

class PosixLock final : public DirectoryLock {
  public:
    /// Takes over what an earlier owner signed, for later holders.
    explicit PosixLock(Descriptor descriptor)
        : descriptor_(std::move(descriptor)),
          signature_(last_line(read_text(descriptor_.number()))) {
        write();
    }

    std::optional<Epoch> ended_owner() const noexcept override {
        const std::string place = place_of(descriptor_.number()) + " ";
        if (place == " " || !signature_.starts_with(place)) return std::nullopt;
        Epoch epoch;
        const char* const end = signature_.data() + signature_.size();
        const auto read = std::from_chars(signature_.data() + place.size(), end, epoch.value);
        if (read.ec != std::errc{} || read.ptr != end) return std::nullopt;
        return epoch;
    }

    void sign(Epoch epoch) override {
        signature_ = fmt::format("{} {}", place_of(descriptor_.number()), epoch.value);
        write();
    }

  private:
    void write() const {
        write_text(descriptor_.number(), fmt::format("{}\n{}", ::getpid(), signature_));
    }

    const Descriptor descriptor_;
    std::string signature_;
};

/// The process that wrote its id into the lock file, for a message; it may be gone.
std::string holder(int descriptor) {
    const std::string text = read_text(descriptor);
    const std::string id = text.substr(0, text.find('\n'));
    return id.empty() ? "another process" : "process " + id;
}

}  // namespace

Result<std::unique_ptr<PosixDirectory>> PosixDirectory::open(std::string path) {
    if (::mkdir(path.c_str(), 0700) == 0) {
        const Descriptor parent(::open((path + "/..").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (parent.number() < 0 || ::fsync(parent.number()) != 0) {
            return system_error("sync the parent of", path, errno);
        }
    } else if (errno != EEXIST) {
        return system_error("create the directory", path, errno);
    }
    return open_existing(std::move(path));
}

Result<std::unique_ptr<PosixDirectory>> PosixDirectory::open_existing(std::string path) {
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) return system_error("open the directory", path, errno);
    return std::unique_ptr<PosixDirectory>(new PosixDirectory(std::move(path), descriptor));
}

PosixDirectory::~PosixDirectory() { ::close(descriptor_); }

Result<std::vector<FileInfo>> PosixDirectory::list() const {
    const int copy = ::openat(descriptor_, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (copy < 0) return system_error("list", path_, errno);
    const std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(copy), ::closedir);
    if (stream == nullptr) {
        const int number = errno;
        ::close(copy);
        return system_error("list", path_, number);
    }
    std::vector<FileInfo> files;
    for (;;) {
        errno = 0;
        const dirent* entry = ::readdir(stream.get());
        if (entry == nullptr && errno != 0) return system_error("list", path_, errno);
        if (entry == nullptr) return files;
        struct stat status {};
        if (::fstatat(descriptor_, entry->d_name, &status, 0) != 0) {
            if (errno == ENOENT) continue;  // removed since
            return system_error("look at", path_ + "/" + entry->d_name, errno);
        }
        if (!S_ISREG(status.st_mode)) continue;
        files.push_back(
            {entry->d_name, static_cast<std::uint64_t>(status.st_size),
             Timestamp{status.st_mtim.tv_sec * 1'000'000 + status.st_mtim.tv_nsec / 1'000}}
        );
    }
}

Result<std::unique_ptr<File>> PosixDirectory::open(const std::string& name, OpenMode mode) const {
    const std::string path = path_ + "/" + name;
    const int access = mode == OpenMode::read ? O_RDONLY : O_RDWR;
    Descriptor descriptor(::openat(descriptor_, name.c_str(), access | O_CLOEXEC));
    if (descriptor.number() < 0) return system_error("open", path, errno);
    return std::make_unique<PosixFile>(path, std::move(descriptor));
}

Result<std::unique_ptr<File>> PosixDirectory::create(const std::string& name) {
    const std::string path = path_ + "/" + name;
    const int flags = O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC;
    Descriptor descriptor(::openat(descriptor_, name.c_str(), flags, 0600));
    if (descriptor.number() < 0) return system_error("create", path, errno);
    return std::make_unique<PosixFile>(path, std::move(descriptor));
}

Status PosixDirectory::rename(const std::string& from, const std::string& to) {
    if (::renameat(descriptor_, from.c_str(), descriptor_, to.c_str()) == 0) return {};
    return system_error("rename to " + to, path_ + "/" + from, errno);
}

Status PosixDirectory::remove(const std::string& name) {
    if (::unlinkat(descriptor_, name.c_str(), 0) == 0) return {};
    return system_error("remove", path_ + "/" + name, errno);
}

Status PosixDirectory::sync() {
    if (::fsync(descriptor_) == 0) return {};
    return system_error("sync the directory", path_, errno);
}

Result<std::unique_ptr<DirectoryLock>> PosixDirectory::lock() {
    const std::string path = path_ + "/LOCK";
    Descriptor descriptor(::openat(descriptor_, "LOCK", O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (descriptor.number() < 0) return system_error("open", path, errno);
    if (::flock(descriptor.number(), LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK) return system_error("lock", path, errno);
        return failure(
            ErrorCode::unavailable, fmt::format(
                                        "the journal in {} is in use by {}; stop it first", path_,
                                        holder(descriptor.number())
                                    )
        );
    }
    return std::make_unique<PosixLock>(std::move(descriptor));
}

}  // namespace faregate::journal
