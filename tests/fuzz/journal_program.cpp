#include "fuzz/journal_program.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "faregate/core/assert.h"
#include "journal/crc32c.h"
#include "journal/format.h"
#include "journal/sha256.h"

namespace faregate::fuzz {

using namespace journal;
using support::MemoryDisk;

namespace {

using Bytes = std::vector<std::byte>;

constexpr std::size_t file_size_max = 16'384;
constexpr std::size_t files_max = 8;

enum class Base { empty, stopped, killed, prepared };

void make_journal(MemoryDisk& disk, Base base) {
    auto lock = disk.lock();
    FG_ASSERT(lock.has_value(), "nobody else has the disk");
    auto made = Journal::create(
        disk, std::move(*lock), NewJournal{JournalId{{1, 2, 3}}, Epoch{7}, Lsn{1}},
        journal_options()
    );
    FG_ASSERT(made.has_value(), "a journal can be made");
    Journal& journal = **made;
    for (std::size_t i = 0; i < journal_records().size(); ++i) {
        FG_ASSERT(journal.prepare_once().has_value(), "there is room");
        FG_ASSERT(journal.append(journal_records()[i]).has_value(), "there is room");
        // Two records in every third frame.
        if (i % 3 != 0) journal.write_once();
    }
    journal.write_once();
    if (base == Base::prepared) FG_ASSERT(journal.prepare_once().has_value(), "there is room");
    if (base != Base::killed) journal.stop();
}

const MemoryDisk& made_journal(Base base) {
    static std::array<MemoryDisk, 4> disks;
    MemoryDisk& disk = disks.at(static_cast<std::size_t>(base));
    if (base != Base::empty && disk.names().empty()) {
        make_journal(disk, base);
        disk.kill();
    }
    return disk;
}

/// Reads operands; past the end of the input they are zero.
class Operands {
  public:
    explicit Operands(std::string_view input) : input_(input) {}

    bool empty() const { return input_.empty(); }
    std::size_t byte() {
        if (input_.empty()) return 0;
        const auto value = static_cast<unsigned char>(input_.front());
        input_.remove_prefix(1);
        return value;
    }
    std::uint64_t number() {
        const std::size_t length = byte() % 9;
        std::uint64_t value = 0;
        for (std::size_t i = 0; i < length; ++i) value |= std::uint64_t{byte()} << (8 * i);
        return value;
    }
    std::string_view bytes(std::size_t length) {
        const auto taken = input_.substr(0, length);
        input_.remove_prefix(taken.size());
        return taken;
    }

  private:
    std::string_view input_;
};

class Machine {
  public:
    Machine(std::string_view input, MemoryDisk& disk) : operands_(input), disk_(disk) {}

    JournalProgram run() {
        const auto base = static_cast<Base>(operands_.byte() % 4);
        disk_.copy_from(made_journal(base));
        program_.own_base = base != Base::empty;
        constexpr int steps_max = 64;
        for (int step = 0; step < steps_max && !operands_.empty(); ++step) take_step();
        return program_;
    }

  private:
    void take_step() {
        const std::size_t operation = operands_.byte() % 14;
        if (operation == 0) return make_file();
        const auto names = disk_.names();
        if (names.empty()) return;
        name_ = names[operands_.byte() % names.size()];
        bytes_ = disk_.content(name_);
        switch (operation) {
            case 1:
                return overwrite();
            case 2:
                return flip();
            case 3:
                return zero_sectors();
            case 4:
                return copy_sectors(names);
            case 5:
                return resize();
            case 6:
                return disk_.erase(name_);
            case 7:
                return copy_file();
            case 8:
                return set_header_field();
            case 9:
                return set_frame_field();
            case 10:
                return forge_file_header();
            case 11:
                return forge_frame();
            case 12:
                return forge_chain();
            default:
                return write_frame();
        }
    }

    void keep() { disk_.set_content(name_, bytes_); }
    std::size_t sector() {
        const std::size_t count = std::max<std::size_t>(bytes_.size() / sector_size, 1);
        return operands_.byte() % count * sector_size;
    }
    bool holds(std::size_t begin, std::size_t size) const { return begin + size <= bytes_.size(); }

    void make_file() {
        if (disk_.names().size() >= files_max) return;
        name_ = file_name(1 + operands_.byte() % 16);
        bytes_.assign(operands_.byte() % (file_size_max / sector_size) * sector_size, std::byte{});
        keep();
    }
    void overwrite() {
        const std::size_t begin = sector() + operands_.byte() * 2;
        const std::string_view text = operands_.bytes(operands_.byte());
        for (std::size_t i = 0; i < text.size() && begin + i < bytes_.size(); ++i) {
            bytes_[begin + i] = static_cast<std::byte>(text[i]);
        }
        keep();
    }
    void flip() {
        const std::size_t at = sector() + operands_.byte() * 2 + operands_.byte() % 2;
        if (at < bytes_.size()) bytes_[at] ^= static_cast<std::byte>(1U << (operands_.byte() % 8));
        keep();
    }
    void zero_sectors() {
        const std::size_t begin = sector();
        const std::size_t size = std::min(bytes_.size() - begin, (1 + operands_.byte() % 8) * 512);
        std::fill_n(bytes_.begin() + static_cast<std::ptrdiff_t>(begin), size, std::byte{});
        keep();
    }
    void copy_sectors(const std::vector<std::string>& names) {
        const Bytes from = disk_.content(names[operands_.byte() % names.size()]);
        const std::size_t begin = operands_.byte() * sector_size;
        const std::size_t to = sector();
        const std::size_t wanted = (1 + operands_.byte() % 8) * sector_size;
        for (std::size_t i = 0; i < wanted; ++i) {
            if (begin + i < from.size() && to + i < bytes_.size()) bytes_[to + i] = from[begin + i];
        }
        keep();
    }
    void resize() {
        const std::size_t whole = operands_.byte() * sector_size;
        bytes_.resize(std::min(whole + operands_.byte(), file_size_max));
        keep();
    }
    void copy_file() {
        const std::size_t sequence = 1 + operands_.byte() % 16;
        name_ = file_name(sequence);
        if (operands_.byte() % 4 == 0) name_.append(temporary_suffix);
        if (disk_.names().size() < files_max) keep();
    }

    void set_header_field() {
        auto header = decode_file_header(bytes_);
        if (!header) return;
        const std::size_t field = operands_.byte() % 5;
        const std::uint64_t value = operands_.number();
        if (field == 0) header->version = static_cast<std::uint16_t>(value);
        if (field == 1) header->sequence = value;
        if (field == 2) header->file_size = value;
        if (field == 3) header->first_lsn = Lsn{value};
        if (field == 4) header->journal.bytes[0] = static_cast<std::uint8_t>(value);
        put(*header);
    }
    void set_frame_field() {
        const std::size_t at = sector();
        auto header = decode_frame_header(std::span(bytes_).subspan(at));
        const std::size_t field = operands_.byte() % 6;
        const std::uint64_t value = operands_.number();
        if (!header) return;
        if (field == 0) header->version = static_cast<std::uint16_t>(value);
        if (field == 1) header->epoch = Epoch{value};
        if (field == 2) header->first_lsn = Lsn{value};
        if (field == 3) header->durable_lsn = Lsn{value};
        if (field == 4) header->count = static_cast<std::uint32_t>(value);
        if (field == 5) header->payload_size = static_cast<std::uint32_t>(value);
        put(at, *header);
    }
    /// The checksum of a header whose bytes were changed.
    void forge_file_header() {
        if (!holds(0, sector_size)) return;
        const std::uint32_t crc = crc32c(std::span(bytes_).first(sector_size - 4));
        put_little_endian(sector_size - 4, crc);
        program_.forged = true;
        keep();
    }
    /// The same for a frame: its payload's checksum, then its header's.
    void forge_frame() {
        const std::size_t at = sector();
        if (!holds(at, frame_header_size)) return;
        forge_frame_at(at);
        keep();
    }
    /// Makes every frame of the file follow the one before.
    void forge_chain() {
        auto file = decode_file_header(bytes_);
        if (!file) return;
        Hash previous = file->previous_hash;
        Sha256 sha256;
        for (std::size_t at = sector_size; holds(at, frame_header_size);) {
            auto header = decode_frame_header(std::span(bytes_).subspan(at));
            if (!header || !holds(at, static_cast<std::size_t>(header->frame_size()))) break;
            header->previous_hash = previous;
            put(at, *header);
            forge_frame_at(at);
            const auto size = static_cast<std::size_t>(header->frame_size());
            previous = sha256(std::span(bytes_).subspan(at, size));
            at += size;
        }
        keep();
    }
    /// A new frame with right checksums, of records that the input brings.
    void write_frame() {
        const std::size_t at = sector();
        FrameHeader header;
        header.journal = JournalId{{1, 2, 3}};
        header.epoch = Epoch{operands_.number()};
        header.first_lsn = Lsn{operands_.number()};
        header.durable_lsn = Lsn{operands_.number()};
        header.count = static_cast<std::uint32_t>(operands_.byte());
        const std::string_view payload = operands_.bytes(operands_.byte());
        header.payload_size = static_cast<std::uint32_t>(payload.size());
        if (!holds(at, static_cast<std::size_t>(header.frame_size()))) return;
        for (std::size_t i = 0; i < payload.size(); ++i) {
            bytes_[at + frame_header_size + i] = static_cast<std::byte>(payload[i]);
        }
        put(at, header);
        forge_frame_at(at);
        keep();
    }

    void put(const FileHeader& header) {
        encode(header, std::span(bytes_).first<sector_size>());
        program_.forged = true;
        keep();
    }
    void put(std::size_t at, const FrameHeader& header) {
        encode(header, std::span(bytes_).subspan(at).first<frame_header_size>());
        program_.forged = true;
        keep();
    }
    void forge_frame_at(std::size_t at) {
        put_little_endian(at + 92, crc32c(std::span(bytes_).subspan(at, 92)));
        program_.forged = true;
        auto header = decode_frame_header(std::span(bytes_).subspan(at));
        if (!header || !holds(at, static_cast<std::size_t>(header->frame_size()))) return;
        const auto size = static_cast<std::size_t>(header->frame_size());
        header->payload_crc =
            crc32c(std::span(bytes_).subspan(at, size).subspan(frame_header_size));
        put(at, *header);
    }
    void put_little_endian(std::size_t at, std::uint32_t value) {
        for (std::size_t i = 0; i < 4; ++i) {
            bytes_[at + i] = static_cast<std::byte>((value >> (8 * i)) & 0xff);
        }
    }

    Operands operands_;
    MemoryDisk& disk_;
    JournalProgram program_;
    std::string name_;
    Bytes bytes_;
};

}  // namespace

const std::vector<std::string>& journal_records() {
    static const std::vector<std::string> records = [] {
        std::vector<std::string> made;
        for (std::size_t i = 0; i < 18; ++i) {
            made.push_back("record " + std::to_string(i + 1) + std::string(i * 71 % 600, 'x'));
        }
        made[5].clear();
        return made;
    }();
    return records;
}

JournalOptions journal_options() {
    JournalOptions options;
    options.file_size = 4096;
    options.frame_size_max = 2048;
    options.record_size_max = 1500;
    options.queue_size_max = 8192;
    return options;
}

JournalProgram run_journal_program(std::string_view input, MemoryDisk& disk) {
    return Machine(input, disk).run();
}

}  // namespace faregate::fuzz
