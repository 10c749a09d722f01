#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "faregate/journal/journal.h"
#include "support/memory_disk.h"

namespace faregate::fuzz {

/// What the bytes of an input do to a disk.
struct JournalProgram {
    bool forged = false;    ///< a checksum was made right after its bytes were changed
    bool own_base = false;  ///< the journal that was changed is the one of journal_records()
};

/// Reads `input` as a program, and leaves its directory on `disk`. The first byte chooses what
/// there is at the beginning: nothing, or a journal of several small files that was stopped, that
/// was killed, or that has a prepared file. Then steps, each an operation and its operands, damage
/// it: bytes, sectors, frames and whole files; and some make checksums and the chain of hashes
/// right again, so that what is wrong lies behind them.
JournalProgram run_journal_program(std::string_view input, support::MemoryDisk& disk);

/// The records of the journals that the program starts from; LSN 1 is the first.
const std::vector<std::string>& journal_records();

/// The options that they were made with.
journal::JournalOptions journal_options();

}  // namespace faregate::fuzz
