#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "faregate/journal/disk.h"

namespace faregate::journal {

/// Another directory, with something that happens at each of its files' reads and syncs: what
/// another process does at just that moment. What a hook itself does is not hooked.
class HookedDirectory final : public Directory {
  public:
    explicit HookedDirectory(Directory& directory) : directory_(directory) {}

    std::function<void()> before_read;
    /// False: the sync fails, and nothing is synced.
    std::function<bool()> before_sync;

    const std::string& path() const override { return directory_.path(); }
    Result<std::vector<FileInfo>> list() const override { return directory_.list(); }
    Result<std::unique_ptr<File>> open(const std::string& name, OpenMode mode) const override {
        FG_TRY_ASSIGN(auto file, directory_.open(name, mode));
        return std::make_unique<HookedFile>(*this, std::move(file));
    }
    Result<std::unique_ptr<File>> create(const std::string& name) override {
        FG_TRY_ASSIGN(auto file, directory_.create(name));
        return std::make_unique<HookedFile>(*this, std::move(file));
    }
    Status rename(const std::string& from, const std::string& to) override {
        return directory_.rename(from, to);
    }
    Status remove(const std::string& name) override { return directory_.remove(name); }
    Status sync() override { return directory_.sync(); }
    Result<std::unique_ptr<DirectoryLock>> lock() override { return directory_.lock(); }

  private:
    class HookedFile final : public File {
      public:
        HookedFile(const HookedDirectory& hooks, std::unique_ptr<File> file)
            : hooks_(hooks), file_(std::move(file)) {}

        Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) const override {
            if (hooks_.before_read) hooks_.before_read();
            return file_->read_at(offset, out);
        }
        Status write_at(std::uint64_t offset, std::span<const std::byte> bytes) override {
            return file_->write_at(offset, bytes);
        }
        Status allocate(std::uint64_t size) override { return file_->allocate(size); }
        Status sync() override {
            if (hooks_.before_sync && !hooks_.before_sync()) {
                return failure(ErrorCode::io, "the sync was interrupted");
            }
            return file_->sync();
        }
        Result<std::uint64_t> size() const override { return file_->size(); }

      private:
        const HookedDirectory& hooks_;
        const std::unique_ptr<File> file_;
    };

    Directory& directory_;
};

}  // namespace faregate::journal
