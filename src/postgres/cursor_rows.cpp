#include "postgres/cursor_rows.h"

#include "postgres/patience.h"

namespace faregate::postgres {
namespace {

/// Much may have to be sorted before the first rows of a large table come.
constexpr auto answer_timeout = Duration::seconds(600);

}  // namespace

CursorRows::CursorRows(
    pqxx::transaction_base& transaction, std::string name, const std::string& query
)
    : transaction_(transaction), name_(std::move(name)) {
    transaction_.exec("DECLARE " + name_ + " NO SCROLL CURSOR FOR " + query);
    fetch();
}

void CursorRows::fetch() {
    const Patience patience(transaction_.conn().sock(), answer_timeout);
    block_ = transaction_.exec("FETCH 5000 FROM " + name_);
    position_ = 0;
}

bool CursorRows::next() {
    if (valid_) ++position_;
    if (position_ >= block_.size() && !block_.empty()) fetch();
    valid_ = position_ < block_.size();
    return valid_;
}

std::string_view CursorRows::text(int column) const {
    const auto field = block_[position_][static_cast<pqxx::row::size_type>(column)];
    return {field.c_str(), field.size()};
}

bool CursorRows::is_null(int column) const {
    return block_[position_][static_cast<pqxx::row::size_type>(column)].is_null();
}

}  // namespace faregate::postgres
