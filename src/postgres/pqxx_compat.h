#pragma once

#include <array>
#include <pqxx/pqxx>
#include <string>
#include <tuple>

// What differs between libpqxx 6 (Debian 12) and 7 is here and nowhere else.

namespace faregate::postgres {

/// libpqxx 6 reconnects behind its user's back, which would lose the session's settings and
/// staging tables; 7 never does.
inline void forbid_reconnect([[maybe_unused]] pqxx::connection& connection) {
#if PQXX_VERSION_MAJOR < 7
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
    connection.inhibit_reactivation(true);
#pragma GCC diagnostic pop
#endif
}

/// Executes one statement with parameters $1, $2 and so on.
template <typename... Args>
pqxx::result execute(pqxx::transaction_base& transaction, const std::string& sql, Args&&... args) {
#if PQXX_VERSION_MAJOR > 7 || (PQXX_VERSION_MAJOR == 7 && PQXX_VERSION_MINOR >= 10)
    return transaction.exec(sql, pqxx::params{std::forward<Args>(args)...});
#else
    return transaction.exec_params(sql, std::forward<Args>(args)...);
#endif
}

/// Writes rows into a table by COPY. While one is open, its transaction can do nothing else.
class CopyWriter {
  public:
    /// `columns` is a list as in SQL.
    CopyWriter(
        pqxx::transaction_base& transaction, const std::string& table, const std::string& columns
    )
#if PQXX_VERSION_MAJOR < 7
        : stream_(transaction, table, std::array<std::string, 1>{columns}){}
#else
        : stream_(pqxx::stream_to::raw_table(transaction, table, columns)) {
    }
#endif

          /// Fields are strings, integers, booleans, or `const char*` with null for NULL.
          template <typename... Fields>
          void row(const Fields&... fields) {
#if PQXX_VERSION_MAJOR < 7
        stream_ << std::tuple<const Fields&...>(fields...);
#else
        stream_.write_values(fields...);
#endif
    }

    void finish() { stream_.complete(); }

  private:
    pqxx::stream_to stream_;
};

}  // namespace faregate::postgres
