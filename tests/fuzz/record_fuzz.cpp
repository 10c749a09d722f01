// The payload of journal records: any bytes are refused or read, and what was read is written and
// read back to the same bytes.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "faregate/core/assert.h"
#include "faregate/engine/record.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace faregate::engine;
    const auto record = decode_record({reinterpret_cast<const char*>(data), size});
    if (!record) return 0;
    const IdempotencyKey* key = record->key ? &*record->key : nullptr;
    std::string first;
    encode_record(record->mutation, key, key ? &record->receipt : nullptr, first);
    const auto again = decode_record(first);
    FG_ASSERT(again.has_value(), "what was written can be read");
    std::string second;
    key = again->key ? &*again->key : nullptr;
    encode_record(again->mutation, key, key ? &again->receipt : nullptr, second);
    FG_ASSERT(first == second, "a record has one meaning");
    return 0;
}
