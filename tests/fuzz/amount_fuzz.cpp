// Decimal and Amount: any bytes are read without harm, and what is accepted is printed and read
// back to the same amount at every scale.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "faregate/core/amount.h"
#include "faregate/core/assert.h"
#include "faregate/core/id.h"
#include "faregate/core/time.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace faregate;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const Decimal decimal = Decimal::parse(text);
    for (Scale scale = 0; scale <= scale_max; ++scale) {
        const auto amount = decimal.to_amount(scale);
        if (!amount) continue;
        FG_ASSERT(!amount->is_negative(), "a request's amount is never negative");
        const auto again = Amount::parse(amount->to_string(scale), scale);
        FG_ASSERT(again.has_value() && *again == *amount, "an amount survives printing");
        const auto reread = Decimal::parse(amount->to_string(scale)).to_amount(scale);
        FG_ASSERT(reread.has_value() && *reread == *amount, "a reply's amount is a valid request");
    }
    if (const auto at = parse_rfc3339(text)) {
        FG_ASSERT(parse_rfc3339(to_rfc3339(*at)) == at, "a time survives printing");
    }
    if (const auto id = AuthorizationId::parse(text)) {
        FG_ASSERT(id->text() == text, "an id has one spelling");
    }
    return 0;
}
