#include "faregate/ledger/authorization.h"

#include <algorithm>
#include <utility>

namespace faregate::ledger {

const HoldLine* Authorization::find_line(AssetIndex asset) const noexcept {
    const auto found = std::find_if(lines.begin(), lines.end(), [&](const HoldLine& line) {
        return line.asset == asset;
    });
    return found == lines.end() ? nullptr : &*found;
}

HoldLine* Authorization::find_line(AssetIndex asset) noexcept {
    return const_cast<HoldLine*>(std::as_const(*this).find_line(asset));
}

}  // namespace faregate::ledger
