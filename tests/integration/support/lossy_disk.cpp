// Preloaded into a server, makes every kill a loss of power: what was written stays in memory until
// it is synced, and is gone with the process. Syncing takes LOSSY_DISK_SYNC_MS, so that there is
// always something to lose.
#include <dlfcn.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <vector>

namespace {

struct Write {
    int file;
    off_t offset;
    std::vector<char> bytes;
};

std::mutex mutex;
std::vector<Write> writes;  // in their order

template <typename Function>
Function next(const char* name) {
    return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

void take_time() {
    const char* text = std::getenv("LOSSY_DISK_SYNC_MS");
    if (text != nullptr) usleep(static_cast<useconds_t>(std::atoi(text)) * 1000);
}

/// Lets what was written to the file before now reach the disk.
int sync(int file, const char* name) {
    std::vector<Write> reached;
    {
        const std::lock_guard lock(mutex);
        const auto other = [file](const Write& write) { return write.file != file; };
        const auto first = std::stable_partition(writes.begin(), writes.end(), other);
        std::move(first, writes.end(), std::back_inserter(reached));
        writes.erase(first, writes.end());
    }
    take_time();
    const auto real = next<ssize_t (*)(int, const void*, size_t, off_t)>("pwrite");
    for (const Write& write : reached) {
        const auto size = static_cast<ssize_t>(write.bytes.size());
        if (real(file, write.bytes.data(), write.bytes.size(), write.offset) != size) return -1;
    }
    return next<int (*)(int)>(name)(file);
}

}  // namespace

extern "C" {

ssize_t pwrite(int file, const void* bytes, size_t size, off_t offset) {
    const char* begin = static_cast<const char*>(bytes);
    const std::lock_guard lock(mutex);
    writes.push_back(Write{file, offset, std::vector<char>(begin, begin + size)});
    return static_cast<ssize_t>(size);
}
ssize_t pwrite64(int file, const void* bytes, size_t size, off_t offset) {
    return pwrite(file, bytes, size, offset);
}

int fdatasync(int file) { return sync(file, "fdatasync"); }
int fsync(int file) { return sync(file, "fsync"); }
}
