#include "faregate/journal/inspect.h"

#include "journal_fixture.h"

namespace faregate::journal {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class InspectTest : public JournalFixture {
  protected:
    struct Report : InspectionVisitor {
        std::vector<InspectedFile> files;
        std::vector<std::uint64_t> lsns;
        std::vector<Damage> damage;

        void on_file(const InspectedFile& file) override { files.push_back(file); }
        void on_record(const InspectedRecord& record) override { lsns.push_back(record.lsn.value); }
        void on_damage(const Damage& found) override { damage.push_back(found); }
    };

    Report look() {
        Report report;
        must(inspect(disk, report));
        return report;
    }

    void write_files() {
        open();
        write(Records(12, std::string(1000, 'x')));
        must(journal->prepare_once());
        stop();
    }
};

TEST_F(InspectTest, AGoodJournalShowsAllRecordsAndNoDamage) {
    write_files();
    const Report report = look();
    EXPECT_EQ(report.lsns.size(), 12);
    EXPECT_THAT(report.damage, IsEmpty());
    ASSERT_EQ(report.files.size(), 4);
    EXPECT_TRUE(report.files[0].in_use);
    EXPECT_EQ(report.files[0].journal, start.id);
    EXPECT_EQ(report.files[0].previous_hash, std::string(64, '0'));
    EXPECT_EQ(report.files[1].first_lsn, Lsn{report.files[0].first_lsn.value + 5});
    EXPECT_FALSE(report.files[3].in_use);
}

TEST_F(InspectTest, GoesOnAfterABadFrame) {
    write_files();
    const auto bad = data_frames()[2];
    disk.flip_bit(bad.file, bad.offset + 200, 0);
    const Report report = look();
    EXPECT_THAT(report.lsns, ElementsAre(1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12));
    ASSERT_EQ(report.damage.size(), 2);
    EXPECT_EQ(report.damage[0].offset, bad.offset);
    EXPECT_EQ(report.damage[0].size, bad.size);
    EXPECT_THAT(report.damage[0].problem, HasSubstr("checksum"));
    EXPECT_EQ(report.damage[1].size, 0);
    EXPECT_THAT(report.damage[1].problem, HasSubstr("LSN 3 should come next"));
}

TEST_F(InspectTest, ReadsFramesBehindABadFileHeader) {
    write_files();
    disk.flip_bit(name_of(1), 9, 0);
    const Report report = look();
    EXPECT_EQ(report.lsns.size(), 12);
    ASSERT_EQ(report.damage.size(), 1);
    EXPECT_EQ(report.damage[0].file, name_of(1));
    EXPECT_EQ(report.damage[0].offset, 0);
    EXPECT_FALSE(report.files[0].header_ok);
}

TEST_F(InspectTest, ReadsFramesThoughEveryFileHeaderIsBad) {
    write_files();
    for (const std::string& name : disk.names()) overwrite(name, 0, std::string(512, '?'));
    EXPECT_EQ(look().lsns.size(), 12);
}

TEST_F(InspectTest, NamesAMissingFile) {
    write_files();
    disk.erase(name_of(2));
    const Report report = look();
    ASSERT_FALSE(report.damage.empty());
    EXPECT_EQ(report.damage[0].file, name_of(2));
    EXPECT_EQ(report.damage[0].problem, "the file is missing");
    EXPECT_THAT(report.lsns, ElementsAre(1, 2, 3, 4, 5, 11, 12));
}

TEST_F(InspectTest, NamesALostFrame) {
    write_files();
    const auto lost = data_frames()[1];
    zero(lost);
    const Report report = look();
    ASSERT_FALSE(report.damage.empty());
    EXPECT_EQ(report.damage[0].offset, lost.offset);
    EXPECT_EQ(report.damage[0].problem, "there are only zeros");
}

TEST_F(InspectTest, NamesWhatIsWrongWithAHeader) {
    write_files();
    const auto second = disk.content(name_of(2));
    disk.set_content(name_of(2), disk.content(name_of(3)));
    disk.set_content(name_of(3), second);
    const Report report = look();
    ASSERT_GE(report.damage.size(), 2);
    EXPECT_EQ(report.damage[0].problem, "the header has another file's sequence");
    EXPECT_EQ(report.damage[1].problem, "the file does not follow the frame before it");
}

TEST_F(InspectTest, ShowsATruncatedFile) {
    write_files();
    auto content = disk.content(name_of(2));
    content.resize(1200);
    disk.set_content(name_of(2), content);
    const Report report = look();
    ASSERT_FALSE(report.damage.empty());
    EXPECT_THAT(report.damage[0].problem, HasSubstr("8192 bytes"));
}

TEST_F(InspectTest, AFileThatCannotBeReadIsDamageAndTheOthersAreShown) {
    write_files();
    disk.set_fault_injector([](const support::MemoryDisk::Access& access) -> std::optional<Error> {
        if (access.name != name_of(1)) return std::nullopt;
        return Error{ErrorCode::io, "Input/output error"};
    });
    const Report report = look();
    ASSERT_FALSE(report.damage.empty());
    EXPECT_EQ(report.damage[0].problem, "Input/output error");
    EXPECT_EQ(report.lsns.back(), 12);
}

// Whatever the bytes are, it comes to an end and touches nothing outside of them.
TEST_F(InspectTest, SurvivesEveryFlippedByte) {
    open();
    write({"one", std::string(600, '2'), "three"});
    stop();
    for (std::size_t offset = 0; offset < 4096; ++offset) {
        disk.flip_bit(name_of(1), offset, 7);
        const Report report = look();
        EXPECT_GE(report.lsns.size(), 2);
        // What is unused after the last frame shows damage too: it should be zero.
        EXPECT_FALSE(report.damage.empty()) << offset;
        disk.flip_bit(name_of(1), offset, 7);
    }
    EXPECT_THAT(look().damage, IsEmpty());
}

}  // namespace
}  // namespace faregate::journal
