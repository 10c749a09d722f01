// Writes the records of a real journal into one of small files, as a server leaves it that was
// stopped and as one whose last write was torn. See make-journal-v1, which builds and runs this.

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "faregate/journal/journal.h"
#include "faregate/journal/posix_disk.h"
#include "faregate/journal/reader.h"

namespace {

using namespace faregate;
using namespace faregate::journal;

template <typename T>
T must(Result<T> result) {
    if (result) return std::move(*result);
    std::fprintf(stderr, "repack: %s\n", result.error().message.c_str());
    std::exit(1);
}

struct Original {
    JournalId id;
    Epoch epoch;
    std::vector<std::string> records;
};

Original read(const std::string& path) {
    const auto directory = must(PosixDirectory::open_existing(path));
    const auto recovery = must(scan(*directory));
    const auto reader = must(JournalReader::open(*directory, Lsn{1}));
    Original original{recovery->journal, recovery->epoch, {}};
    while (const auto record = must(reader->next(recovery->last_lsn))) {
        original.records.emplace_back(record->bytes);
    }
    return original;
}

JournalOptions small() {
    JournalOptions options;
    options.file_size = 4096;
    options.frame_size_max = 2048;
    options.record_size_max = 1900;
    options.queue_size_max = 16384;
    return options;
}

/// One to three records a frame. With `stopped` the journal ends as a server ends that is stopped.
void write(const std::string& path, const Original& original, bool stopped) {
    const auto directory = must(PosixDirectory::open(path));
    const NewJournal start{original.id, original.epoch, Lsn{1}};
    const auto journal = must(Journal::create(*directory, must(directory->lock()), start, small()));
    for (std::size_t i = 0; i < original.records.size(); ++i) {
        must(journal->prepare_once());
        must(journal->append(original.records[i]));
        if (i % 6 == 0 || i % 6 == 2 || i % 6 == 5) journal->write_once();
    }
    journal->write_once();
    must(journal->prepare_once());
    if (stopped) {
        journal->stop();
    } else {
        must(journal->append(std::string(1500, 'x')));
        journal->write_once();
    }
}

/// The third of the four sectors of the last frame never reached the disk.
void tear_last_frame(const std::string& path) {
    const std::filesystem::path directory(path);
    std::filesystem::path last;
    std::streamoff end = 0;
    for (int sequence = 1;; ++sequence) {
        char name[32];
        std::snprintf(name, sizeof name, "%016d.journal", sequence);
        std::ifstream file(directory / name, std::ios::binary);
        if (!file) break;
        const std::string bytes(std::istreambuf_iterator<char>(file), {});
        const std::size_t used = bytes.find("xxxxxxxx");
        if (used == std::string::npos) continue;
        last = directory / name;
        end = static_cast<std::streamoff>(bytes.find_last_of('x'));
    }
    std::fstream file(last, std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(end / 512 * 512 - 512);
    file << std::string(512, '\0');
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 3) return 2;
    const Original original = read(arguments[1]);
    const std::string out = arguments[2];
    write(out + "/stopped", original, true);
    write(out + "/torn", original, false);
    tear_last_frame(out + "/torn");
    std::ofstream records(out + "/records.txt");
    for (const std::string& record : original.records) {
        for (const char byte : record) {
            char digits[3];
            std::snprintf(digits, sizeof digits, "%02x", static_cast<unsigned char>(byte));
            records << digits;
        }
        records << '\n';
    }
}
