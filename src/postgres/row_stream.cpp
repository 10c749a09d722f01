#include "postgres/row_stream.h"

#include <fmt/format.h>

namespace faregate::postgres {
namespace {

std::string query_of(const RowStream::Description& description) {
    std::string query = "SELECT " + description.lsn + ", " + description.sequence;
    for (const auto& column : description.columns) query += ", " + column.second;
    return query + " FROM " + description.table + " WHERE " + description.lsn + description.range +
           " ORDER BY 1, 2";
}

}  // namespace

void RowReport::add(std::string table, std::string key, std::string what) {
    ++found_count;
    if (found.size() < limit) {
        found.push_back({std::move(table), std::move(key), std::move(what)});
    }
}

RowStream::RowStream(
    pqxx::transaction_base& transaction, RowReport& report, Description description
)
    : report_(report),
      description_(std::move(description)),
      rows_(transaction, description_.table + "_rows", query_of(description_)) {
    rows_.next();
}

void RowStream::expect(Lsn lsn, std::uint64_t sequence, const std::vector<std::string>& values) {
    const std::pair wanted{lsn.value, sequence};
    for (; rows_.valid() && place() < wanted; rows_.next()) {
        report(place().first, place().second, "is not in the journal");
    }
    if (!rows_.valid() || place() != wanted) {
        if (!description_.may_be_missing) {
            report(lsn.value, sequence, "is missing, and the journal has it: " + values.front());
        }
        return;
    }
    ++count_;
    for (std::size_t i = 0; i < values.size(); ++i) {
        const std::string stored(rows_.text(static_cast<int>(i) + 2));
        if (stored == values[i]) continue;
        const std::string& name = description_.columns[i].first;
        report(
            lsn.value, sequence,
            fmt::format("{} is {}, and {} in the journal", name, stored, values[i])
        );
    }
    rows_.next();
}

void RowStream::expect_none_up_to(Lsn lsn) {
    for (; rows_.valid() && place().first <= lsn.value; rows_.next()) {
        report(place().first, place().second, "is not in the journal");
    }
}

void RowStream::skip_to(Lsn lsn) {
    while (rows_.valid() && place().first < lsn.value) rows_.next();
}

void RowStream::report(std::uint64_t lsn, std::uint64_t sequence, const std::string& what) {
    std::string key = "lsn " + std::to_string(lsn);
    if (sequence != 0) key += " sequence " + std::to_string(sequence);
    report_.add(description_.table, std::move(key), what);
}

}  // namespace faregate::postgres
