#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "faregate/core/id.h"
#include "faregate/core/lsn.h"
#include "faregate/core/result.h"
#include "faregate/journal/disk.h"

namespace faregate::journal {

struct InspectedFile {
    std::string name;
    std::uint64_t size = 0;
    std::uint16_t version = 0;  ///< of the format; 0: the header is wrong
    bool header_ok = false;     ///< the version can be read, and the members below are right
    bool in_use = false;        ///< false: prepared ahead of use
    JournalId journal;
    std::uint64_t sequence = 0;
    Lsn first_lsn;
    std::string previous_hash;  ///< hexadecimal
};

struct InspectedFrame {
    std::string_view file;
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
    std::uint16_t version = 0;
    std::uint16_t zero_sectors = 0;  ///< from version 2 on
    Epoch epoch;
    Lsn first_lsn;
    std::uint32_t count = 0;
    Lsn durable_lsn;
    std::string hash;  ///< of this frame, hexadecimal
};

struct InspectedRecord {
    Lsn lsn;
    Epoch epoch;
    std::string_view bytes;
};

/// Bytes that are neither a good frame that follows the one before, nor unused.
struct Damage {
    std::string file;
    std::uint64_t offset = 0;
    std::uint64_t size = 0;  ///< 0: the bytes here are good, but something before them is missing
    std::string problem;
};

/// Receives what inspect() finds, in the order of files and offsets; views live until it returns.
class InspectionVisitor {
  public:
    virtual ~InspectionVisitor() = default;
    virtual void on_file(const InspectedFile&) {}
    virtual void on_frame(const InspectedFrame&) {}
    virtual void on_record(const InspectedRecord&) {}
    virtual void on_damage(const Damage&) {}
};

/// Walks through every byte of every file and goes on after damage. Needs no lock; the last write
/// of a journal that is in use, or the torn tail of one that was killed, shows as damage.
/// Fails only when the directory cannot be listed.
Status inspect(const Directory& directory, InspectionVisitor& visitor);

}  // namespace faregate::journal
