#include "journal/crc32c.h"
#include "journal/frame.h"
#include "journal_fixture.h"

namespace faregate::journal {
namespace {

using support::MemoryDisk;

// Sectors of zeros are what a torn write leaves, and what a record may have: the frame's header
// tells how many of them were written.
class ZeroSectors : public JournalFixture {
  protected:
    /// One frame of six sectors, of which the third and the fourth are zeros.
    void write_zeros() {
        open();
        write({record});
        journal.reset();
        disk.kill();
        frame = data_frames().back();
        ASSERT_EQ(frame.size, 6 * sector_size);
    }

    FrameHeader header() const {
        const auto content = disk.content(frame.file);
        return decode_frame_header(std::span(content).subspan(offset())).value();
    }

    /// With checksums that are right.
    void set_header(const FrameHeader& header) {
        auto content = disk.content(frame.file);
        encode(header, std::span(content).subspan(offset()).first<frame_header_size>());
        disk.set_content(frame.file, content);
    }

    std::size_t offset() const { return static_cast<std::size_t>(frame.offset); }

    /// The first sector takes 412 bytes of a record.
    const std::string record =
        std::string(412 + 512, 'x') + std::string(1024, '\0') + std::string(1000, 'y');
    FramePlace frame;
};

TEST_F(ZeroSectors, AreCountedAsWritten) {
    write_zeros();
    EXPECT_EQ(header().version, 2);
    EXPECT_EQ(header().zero_sectors, 2);
    open();
    write({std::string(2000, '\0'), "x"});
    frame = data_frames()[1];
    EXPECT_EQ(header().zero_sectors, 4);
    frame = data_frames()[2];
    EXPECT_EQ(header().zero_sectors, 0);
}

// Before the count, damage to such a frame passed for a write that did not finish, and the record
// was dropped though somebody may have been told of it.
TEST_F(ZeroSectors, ThatWereWrittenDoNotHideDamage) {
    write_zeros();
    for (std::size_t at = 0; at < frame.size; ++at) {
        const unsigned bit = static_cast<unsigned>(at % 8);
        disk.flip_bit(frame.file, frame.offset + at, bit);
        const auto found = scan(disk);
        ASSERT_FALSE(found) << at;
        ASSERT_TRUE(is_corruption(found.error(), frame.file, frame.offset)) << at;
        disk.flip_bit(frame.file, frame.offset + at, bit);
    }
    EXPECT_TRUE(scan(disk));
}

TEST_F(ZeroSectors, ThatWereWrittenDoNotHideATornWrite) {
    write_zeros();
    MemoryDisk whole;
    whole.copy_from(disk);
    for (unsigned missing = 1; missing < (1U << 6); ++missing) {
        SCOPED_TRACE(missing);
        disk.copy_from(whole);
        for (unsigned sector = 0; sector < 6; ++sector) {
            if ((missing >> sector & 1U) != 0) zero_sector(frame, sector);
        }
        // Where only zeros are missing, nothing is.
        const bool torn = (missing & 0b110011U) != 0;
        open();
        EXPECT_EQ(torn_tail, torn && (missing & 0b110011U) != 0b110011U);
        EXPECT_EQ(journal->durable_lsn(), Lsn{torn ? 0U : 1U});
        journal.reset();
    }
}

// What docs/journal-format.md says of frames of version 1, which have no count.
TEST_F(ZeroSectors, InAFrameOfVersion1HideDamage) {
    write_zeros();
    auto content = disk.content(frame.file);
    auto file_header = decode_file_header(content).value();
    file_header.version = 1;
    encode(file_header, std::span(content).first<sector_size>());
    disk.set_content(frame.file, content);
    auto old = header();
    old.version = 1;
    old.zero_sectors = 0;
    set_header(old);
    EXPECT_EQ(must(scan(disk))->last_lsn, Lsn{1});
    disk.flip_bit(frame.file, frame.offset + 600, 0);
    const auto found = must(scan(disk));
    EXPECT_EQ(found->last_lsn, Lsn{});
    EXPECT_TRUE(found->torn_tail);
}

TEST_F(ZeroSectors, AreCountedUpTo65535) {
    std::vector<std::byte> bytes(std::size_t{65'540} * sector_size);
    EXPECT_EQ(count_zero_sectors(bytes), 65'535);
    EXPECT_EQ(count_zero_sectors(std::span(bytes).first(65'534 * sector_size)), 65'534);
    bytes[700] = std::byte{1};
    EXPECT_EQ(count_zero_sectors(std::span(bytes).first(65'535 * sector_size)), 65'534);
}

// So many zeros that the count does not say how many: then any number of at least as many may be a
// torn write, and fewer are damage. Made by hand, since 32 MiB would take long on this disk.
TEST_F(ZeroSectors, BeyondTheCountAreTakenForMissingOnes) {
    for (const std::size_t zeros : {std::size_t{65'534}, std::size_t{65'535}}) {
        SCOPED_TRACE(zeros);
        FileHeader file;
        file.journal = start.id;
        file.sequence = 1;
        file.first_lsn = Lsn{1};
        FrameHeader made;
        made.journal = start.id;
        made.first_lsn = Lsn{1};
        made.count = 1;
        made.payload_size = static_cast<std::uint32_t>((zeros + 1) * sector_size - 96);
        made.zero_sectors = static_cast<std::uint16_t>(zeros);
        file.file_size = sector_size + made.frame_size();
        std::vector<std::byte> content(static_cast<std::size_t>(file.file_size));
        encode(file, std::span(content).first<sector_size>());
        const auto bytes = std::span(content).subspan(sector_size);
        encode_record_size(made.payload_size - 4, bytes.data() + frame_header_size);
        bytes[400] = std::byte{1};
        made.payload_crc = crc32c(bytes.subspan(frame_header_size));
        encode(made, bytes.first<frame_header_size>());
        disk.set_content(name_of(1), std::move(content));
        ASSERT_EQ(must(scan(disk))->last_lsn, Lsn{1});

        disk.flip_bit(name_of(1), sector_size + 400, 1);
        EXPECT_EQ(scan(disk).has_value(), zeros == 65'535);
        disk.flip_bit(name_of(1), sector_size + 1000, 0);
        EXPECT_FALSE(scan(disk).has_value());
    }
}

}  // namespace
}  // namespace faregate::journal
