#include "simulation/episode.h"

namespace faregate::simulation {

void Episode::expect_everything(Tally& tally) {
    for (int i = 0; i < ledger::outcome_count; ++i) {
        const auto outcome = static_cast<ledger::Outcome>(i);
        // Assets are created once and for all, and the model counts coins one by one.
        const bool possible = outcome != ledger::Outcome::asset_exists &&
                              outcome != ledger::Outcome::balance_too_large;
        if (possible) {
            tally.expect(std::string("outcome ") + to_string(outcome));
        }
    }
    for (const char* name :
         {"outcome replayed",
          "outcome unavailable",
          "acknowledged",
          "crash power",
          "crash kill",
          "crash in start",
          "crash in the middle",
          "stopped",
          "restart",
          "restart new journal",
          "restart torn tail",
          "restart empty journal",
          "restart replayed",
          "restart nothing to replay",
          "restart without a prepared file",
          "restart lost mutations",
          "failed sync",
          "failed write",
          "failed preparation",
          "disk full",
          "database away",
          "database lost answer",
          "database refused commit",
          "database fell back",
          "fenced",
          "fenced in doubt",
          "paused",
          "paused too long",
          "handed over",
          "clock back",
          "clock ahead",
          "swept",
          "files removed",
          "quiet audit"}) {
        tally.expect(name);
    }
    for (int i = 0; i < Damage::kind_count; ++i) {
        tally.expect(std::string("refused ") + Damage::name(static_cast<Damage::Kind>(i)));
    }
    // Every reason that damage of these kinds can give recovery or the reader.
    for (const char* reason :
         {"the database belongs to journal #, which is not in #",
          "the file is missing, but #.journal follows it", "the file was cut to # bytes",
          "the file has # bytes, and its header says #",
          "the file is prepared, but none before it is in use",
          "the file belongs to journal #, and the first file to #", "the header is wrong",
          "the header is wrong, but #.journal was used after it",
          "the header says that this is file #", "there is no frame header",
          "the checksum of the payload is wrong, though all of it was written",
          "the hash of the previous frame does not match",
          "LSN # should come next, and the frame begins with #",
          "the journal in # begins with LSN #, but PostgreSQL has records only up to LSN #: what "
          "is "
          "between them is in neither",
          "the journal ends here with LSN #, but PostgreSQL has records up to LSN #, which were "
          "durable in the journal before",
          "the record with LSN # cannot be read, but at offset # stands a later frame of this "
          "journal, with first LSN #, written when LSN # was durable",
          "the record with LSN # should be here, but there are only zeros; and #.journal does not "
          "follow it",
          "the record with LSN # should be here, but there is no frame header; and #.journal does "
          "not follow it",
          "the record with LSN # should be here, but the checksum of the payload is wrong, though "
          "all of it was written; and #.journal does not follow it"}) {
        tally.expect(std::string("refusal: ") + reason);
    }
}

}  // namespace faregate::simulation
