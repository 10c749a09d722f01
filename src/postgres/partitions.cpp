#include "postgres/partitions.h"

#include <spdlog/spdlog.h>

#include <cstdint>

namespace faregate::postgres {
namespace {

using Month = std::chrono::year_month;

Month month_of(Timestamp at) {
    const std::chrono::sys_time<std::chrono::microseconds> time{
        std::chrono::microseconds{at.microseconds}};
    const std::chrono::year_month_day date{std::chrono::floor<std::chrono::days>(time)};
    return date.year() / date.month();
}

std::string first_day(Month month) {
    const unsigned number = static_cast<unsigned>(month.month());
    return std::to_string(static_cast<int>(month.year())) + (number < 10 ? "-0" : "-") +
           std::to_string(number) + "-01";
}

std::set<std::string> months_of(const engine::ProjectionBatch& batch) {
    // Most entries of a batch lie in one month: do not format a date for each.
    std::set<Month> months{month_of(batch.last_at) + std::chrono::months{1}};
    Month newest = month_of(batch.last_at);
    months.insert(newest);
    for (const engine::EntryRow& entry : batch.entries) {
        const Month month = month_of(entry.at);
        if (month != newest) months.insert(month);
    }
    std::set<std::string> days;
    for (const Month month : months) days.insert(first_day(month));
    return days;
}

/// False: entries of that month are in the default partition already.
bool create(pqxx::connection& connection, const std::string& day) {
    pqxx::work transaction(connection);
    transaction.exec("SET LOCAL lock_timeout = '2s'");
    const auto rows = execute(transaction, "SELECT create_entries_partition($1::date)", day);
    const bool created = rows[0][0].as<bool>();
    transaction.commit();
    return created;
}

}  // namespace

void Partitions::prepare(pqxx::connection& connection, const engine::ProjectionBatch& batch) {
    for (const std::string& day : months_of(batch)) {
        if (known_.contains(day)) continue;
        if (std::chrono::steady_clock::now() < retry_at_) return;
        try {
            if (!create(connection, day)) {
                spdlog::warn("entries of the month {} stay in the table entries_default", day);
            }
            known_.insert(day);
        } catch (const pqxx::sql_error& error) {
            constexpr const char* lock_timeout = "55P03";
            if (error.sqlstate() != lock_timeout) throw;
            spdlog::warn("a reader is in the way of the partition of {}; trying later", day);
            retry_at_ = std::chrono::steady_clock::now() + std::chrono::minutes{1};
        }
    }
}

}  // namespace faregate::postgres
