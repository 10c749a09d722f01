#pragma once

#include <array>
#include <charconv>
#include <pqxx/pqxx>
#if PQXX_VERSION_MAJOR < 7
#include <pqxx/tablewriter>
#endif
#include <string>
#include <string_view>
#include <type_traits>

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
///
/// Fields are strings, integers, booleans, or `const char*` with null for NULL.
#if PQXX_VERSION_MAJOR < 7
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
/// By whole lines: stream_to of libpqxx 6 copies each field several times.
class CopyWriter {
  public:
    /// `columns` is a list as in SQL.
    CopyWriter(
        pqxx::transaction_base& transaction, const std::string& table, const std::string& columns
    )
        : writer_(transaction, table, &columns, &columns + 1) {}

    template <typename... Fields>
    void row(const Fields&... fields) {
        line_.clear();
        (add(fields), ...);
        line_.pop_back();
        writer_.write_raw_line(line_);
    }

    void finish() { writer_.complete(); }

  private:
    void add(std::string_view text) {
        // https://www.postgresql.org/docs/15/sql-copy.html, "Text Format"
        std::size_t begin = 0;
        for (std::size_t i = 0; i < text.size(); ++i) {
            const auto c = static_cast<unsigned char>(text[i]);
            // Every other character stands for itself.
            if (c >= 0x20 && c != '\\') continue;
            line_.append(text, begin, i - begin);
            begin = i + 1;
            switch (c) {
                case '\\':
                    line_ += "\\\\";
                    break;
                case '\n':
                    line_ += "\\n";
                    break;
                case '\r':
                    line_ += "\\r";
                    break;
                case '\t':
                    line_ += "\\t";
                    break;
                default:
                    line_ += text[i];
            }
        }
        line_.append(text, begin);
        line_ += '\t';
    }
    void add(const char* text) {
        if (text != nullptr) return add(std::string_view(text));
        line_ += "\\N\t";
    }
    void add(const std::string& text) { add(std::string_view(text)); }
    void add(bool value) { line_ += value ? "t\t" : "f\t"; }
    template <typename Number>
    requires std::is_integral_v<Number>
    void add(Number value) {
        std::array<char, 24> digits;
        const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
        line_.append(digits.data(), end);
        line_ += '\t';
    }

    pqxx::tablewriter writer_;
    std::string line_;
};
#pragma GCC diagnostic pop
#else
class CopyWriter {
  public:
    /// `columns` is a list as in SQL.
    CopyWriter(
        pqxx::transaction_base& transaction, const std::string& table, const std::string& columns
    )
        : stream_(pqxx::stream_to::raw_table(transaction, table, columns)) {}

    template <typename... Fields>
    void row(const Fields&... fields) {
        stream_.write_values(fields...);
    }

    void finish() { stream_.complete(); }

  private:
    pqxx::stream_to stream_;
};
#endif

}  // namespace faregate::postgres
