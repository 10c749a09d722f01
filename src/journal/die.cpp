#include "journal/die.h"

#include <cstdio>
#include <cstdlib>

namespace faregate::journal {

void die(const Error& error) {
    std::fprintf(
        stderr,
        "faregate: the journal cannot be written: %s. What was not acknowledged may be lost; what "
        "was is safe. See to the disk, then start the server again.\n",
        error.message.c_str()
    );
    std::fflush(stderr);
    std::abort();
}

}  // namespace faregate::journal
