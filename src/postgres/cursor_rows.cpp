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
    row_ = block_.begin();
}

bool CursorRows::next() {
    if (valid_) ++row_;
    if (row_ == block_.end() && !block_.empty()) fetch();
    valid_ = row_ != block_.end();
    if (valid_) read_fields();
    return valid_;
}

void CursorRows::read_fields() {
    fields_.clear();
    const auto end = row_->end();
    for (auto field = row_->begin(); field != end; ++field) {
        fields_.push_back({{field->c_str(), field->size()}, field->is_null()});
    }
}

}  // namespace faregate::postgres
