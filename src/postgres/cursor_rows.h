#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "postgres/pqxx_compat.h"
#include "postgres/text.h"

namespace faregate::postgres {

/// Reads a large query block by block through a cursor, so that several can be read side by side
/// on one connection and none is ever in memory as a whole. The transaction must outlive it.
class CursorRows {
  public:
    /// `name` is unique within the transaction. Stands before the first row.
    CursorRows(pqxx::transaction_base& transaction, std::string name, const std::string& query);

    /// Goes to the next row. False: there is none.
    bool next();
    /// True while it stands on a row.
    bool valid() const noexcept { return valid_; }

    // Fields of the row; views live until the next call of next().
    std::string_view text(int column) const { return field(column).text; }
    bool is_null(int column) const { return field(column).null; }
    std::uint64_t number(int column) const { return read_number(text(column)); }
    Timestamp time(int column) const { return read_timestamp(text(column)); }
    /// A time that is stored as NULL if it never comes.
    Timestamp time_or_never(int column) const {
        return is_null(column) ? Timestamp::never() : time(column);
    }

  private:
    struct Field {
        std::string_view text;
        bool null = false;
    };

    void fetch();
    void read_fields();
    const Field& field(int column) const { return fields_[static_cast<std::size_t>(column)]; }

    pqxx::transaction_base& transaction_;
    const std::string name_;
    pqxx::result block_;
    pqxx::result::const_iterator row_;
    /// Of the row. libpqxx counts references for each field that it is asked for, which was more
    /// than half of the server's time at a start.
    std::vector<Field> fields_;
    bool valid_ = false;
};

}  // namespace faregate::postgres
