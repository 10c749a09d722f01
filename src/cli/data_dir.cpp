#include "cli/data_dir.h"

#include <fmt/format.h>

#include <filesystem>
#include <system_error>

namespace faregate::cli {

std::string journal_path(const Settings& settings) {
    return (std::filesystem::path(settings.data_dir) / "journal").string();
}

Result<std::unique_ptr<journal::PosixDirectory>> open_journal_directory(const Settings& settings) {
    std::error_code error;
    std::filesystem::create_directories(settings.data_dir, error);
    if (error) {
        return failure(
            ErrorCode::io,
            fmt::format(
                "the data directory {} cannot be made: {}; set FAREGATE_DATA_DIR to a directory "
                "that this user may write to",
                settings.data_dir, error.message()
            )
        );
    }
    return journal::PosixDirectory::open(journal_path(settings));
}

}  // namespace faregate::cli
