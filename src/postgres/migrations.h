#pragma once

#include <array>
#include <span>

namespace faregate::postgres {

/// One file of migrations/, as it was when the program was built.
struct Migration {
    const char* name;    ///< the file's name without `.sql`
    const char* sha256;  ///< of the file, in hexadecimal
    const char* sql;
};

/// All of them in order. Defined by generated code.
std::span<const Migration> migrations();

}  // namespace faregate::postgres
