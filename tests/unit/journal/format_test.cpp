#include "journal/format.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string_view>
#include <vector>

#include "journal/crc32c.h"
#include "journal/sha256.h"

namespace faregate::journal {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) {
    return std::as_bytes(std::span(text.data(), text.size()));
}

TEST(Crc32c, MatchesThePublishedCheckValue) {
    EXPECT_EQ(crc32c(bytes_of("123456789")), 0xe3069283U);
    EXPECT_EQ(crc32c_portable(bytes_of("123456789")), 0xe3069283U);
}

TEST(Crc32c, IsTheSameWithAndWithoutTheInstruction) {
    std::vector<std::byte> bytes;
    for (unsigned i = 0; i < 100; ++i) {
        ASSERT_EQ(crc32c(bytes), crc32c_portable(bytes)) << i;
        bytes.push_back(static_cast<std::byte>(i * 37));
    }
}

TEST(Sha256, MatchesThePublishedExampleTwice) {
    Sha256 sha256;
    for (int i = 0; i < 2; ++i) {
        const Hash hash = sha256(bytes_of("abc"));
        EXPECT_EQ(hash[0], 0xba);
        EXPECT_EQ(hash[1], 0x78);
        EXPECT_EQ(hash[31], 0xad);
    }
}

FileHeader file_header() {
    FileHeader header;
    header.journal = JournalId{{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}};
    header.sequence = 0x0102030405060708;
    header.file_size = 64 << 20;
    header.first_lsn = Lsn{99};
    header.previous_hash.fill(0xaa);
    return header;
}

FrameHeader frame_header() {
    FrameHeader header;
    header.zero_sectors = 0x0506;
    header.journal = file_header().journal;
    header.epoch = Epoch{3};
    header.first_lsn = Lsn{0x1122334455667788};
    header.durable_lsn = Lsn{0x1122334455667787};
    header.count = 64;
    header.payload_size = 417;
    header.previous_hash.fill(0xbb);
    header.payload_crc = 0xdeadbeef;
    return header;
}

TEST(FileHeader, ReadsWhatItWrites) {
    std::array<std::byte, sector_size> sector;
    encode(file_header(), sector);
    EXPECT_EQ(decode_file_header(sector), file_header());
}

TEST(FileHeader, EveryByteIsUnderTheChecksum) {
    std::array<std::byte, sector_size> sector;
    encode(file_header(), sector);
    for (auto& byte : sector) {
        byte ^= std::byte{0x10};
        EXPECT_FALSE(decode_file_header(sector).has_value());
        byte ^= std::byte{0x10};
    }
}

// The specification in docs/journal-format.md, held against the code byte by byte.
TEST(FrameHeader, HasTheDocumentedLayout) {
    std::array<std::byte, frame_header_size> bytes;
    encode(frame_header(), bytes);
    EXPECT_EQ(std::memcmp(bytes.data(), "FGFR", 4), 0);
    EXPECT_EQ(bytes[4], std::byte{2});
    EXPECT_EQ(bytes[6], std::byte{0x06});
    EXPECT_EQ(bytes[7], std::byte{0x05});
    EXPECT_EQ(bytes[8], std::byte{1});
    EXPECT_EQ(bytes[23], std::byte{16});
    EXPECT_EQ(bytes[24], std::byte{3});
    EXPECT_EQ(bytes[32], std::byte{0x88});
    EXPECT_EQ(bytes[40], std::byte{0x87});
    EXPECT_EQ(bytes[48], std::byte{64});
    EXPECT_EQ(bytes[52], std::byte{0xa1});
    EXPECT_EQ(bytes[53], std::byte{0x01});
    EXPECT_EQ(bytes[56], std::byte{0xbb});
    EXPECT_EQ(bytes[87], std::byte{0xbb});
    EXPECT_EQ(bytes[88], std::byte{0xef});
    EXPECT_EQ(decode_frame_header(bytes), frame_header());
}

TEST(FrameHeader, EveryByteIsUnderTheChecksum) {
    std::array<std::byte, frame_header_size> bytes;
    encode(frame_header(), bytes);
    for (auto& byte : bytes) {
        byte ^= std::byte{0x01};
        EXPECT_FALSE(decode_frame_header(bytes).has_value());
        byte ^= std::byte{0x01};
    }
}

TEST(FrameHeader, SizeIsPaddedToSectors) {
    FrameHeader header;
    header.payload_size = 0;
    EXPECT_EQ(header.frame_size(), 512);
    header.payload_size = 416;
    EXPECT_EQ(header.frame_size(), 512);
    header.payload_size = 417;
    EXPECT_EQ(header.frame_size(), 1024);
}

TEST(Records, ArePrefixesThatFitExactly) {
    std::array<std::byte, 10> payload{};
    encode_record_size(2, payload.data());
    encode_record_size(0, payload.data() + 6);
    EXPECT_TRUE(is_well_formed(payload, 2));
    EXPECT_FALSE(is_well_formed(payload, 1));
    EXPECT_FALSE(is_well_formed(payload, 3));
    EXPECT_FALSE(is_well_formed(std::span(payload).first(5), 1));
    encode_record_size(0xffffffff, payload.data());
    EXPECT_FALSE(is_well_formed(payload, 1));
}

TEST(FileName, ReadsWhatItWritesAndNothingElse) {
    EXPECT_EQ(file_name(12), "0000000000000012.journal");
    EXPECT_EQ(parse_file_name("0000000000000012.journal"), 12);
    for (const char* name :
         {"0000000000000000.journal", "12.journal", "000000000000001x.journal",
          "0000000000000012.journal.tmp", "LOCK", "", "-000000000000012.journal"}) {
        EXPECT_FALSE(parse_file_name(name).has_value()) << name;
    }
}

}  // namespace
}  // namespace faregate::journal
