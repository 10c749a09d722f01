#pragma once

#include <memory>
#include <string>

#include "faregate/journal/disk.h"

namespace faregate::journal {

/// A real directory. Its lock is an exclusive flock on the file LOCK, which the kernel gives back
/// when the process ends in whatever way; its text says which process, and where. Thread-safe.
class PosixDirectory final : public Directory {
  public:
    /// Makes the directory (mode 0700) if it does not exist; its parent must.
    static Result<std::unique_ptr<PosixDirectory>> open(std::string path);
    /// Opens a directory that must exist, to read it.
    static Result<std::unique_ptr<PosixDirectory>> open_existing(std::string path);
    ~PosixDirectory() override;
    PosixDirectory(const PosixDirectory&) = delete;
    PosixDirectory& operator=(const PosixDirectory&) = delete;

    const std::string& path() const override { return path_; }
    Result<std::vector<FileInfo>> list() const override;
    Result<std::unique_ptr<File>> open(const std::string& name, OpenMode mode) const override;
    Result<std::unique_ptr<File>> create(const std::string& name) override;
    Status rename(const std::string& from, const std::string& to) override;
    Status remove(const std::string& name) override;
    Status sync() override;
    Result<std::unique_ptr<DirectoryLock>> lock() override;

  private:
    PosixDirectory(std::string path, int descriptor)
        : path_(std::move(path)), descriptor_(descriptor) {}

    const std::string path_;
    const int descriptor_;
};

}  // namespace faregate::journal
