#pragma once

#include <string>
#include <utility>
#include <vector>

#include "faregate/core/lsn.h"
#include "faregate/postgres/queries.h"
#include "postgres/cursor_rows.h"

namespace faregate::postgres {

/// Where what differs is gathered: the first ones in words, the rest as a number.
struct RowReport {
    std::uint32_t limit = 0;
    std::vector<Discrepancy> found;
    std::uint64_t found_count = 0;
    std::uint64_t records = 0;

    void add(std::string table, std::string key, std::string what);
};

/// The rows of a table by LSN, compared one by one with those that should be there.
class RowStream {
  public:
    struct Description {
        std::string table;
        std::string lsn;       ///< the column
        std::string sequence;  ///< SQL: the place within the record
        /// Names, and the SQL of texts to compare.
        std::vector<std::pair<std::string, std::string>> columns;
        std::string range = {};  ///< SQL that follows the LSN's column
        bool may_be_missing = false;
    };

    RowStream(pqxx::transaction_base& transaction, RowReport& report, Description description);

    /// The next row must have this place and these values. Rows before it came from nowhere.
    void expect(Lsn lsn, std::uint64_t sequence, const std::vector<std::string>& values);
    /// All rows up to here were expected.
    void expect_none_up_to(Lsn lsn);
    /// Rows below this are left out.
    void skip_to(Lsn lsn);

    /// Rows that were compared.
    std::uint64_t count() const noexcept { return count_; }

  private:
    std::pair<std::uint64_t, std::uint64_t> place() const {
        return {rows_.number(0), rows_.number(1)};
    }
    void report(std::uint64_t lsn, std::uint64_t sequence, const std::string& what);

    RowReport& report_;
    const Description description_;
    CursorRows rows_;
    std::uint64_t count_ = 0;
};

}  // namespace faregate::postgres
