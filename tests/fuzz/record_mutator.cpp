// Changes journal records field by field, so that most mutants are still records of record.proto,
// and name wallets, grants and authorizations that exist.

#include <google/protobuf/message.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "fuzz/base_state.h"
#include "fuzz/record_list.h"
#include "record.pb.h"
#include "support/engine_rig.h"

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

namespace faregate::fuzz {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using Random = std::minstd_rand;

struct Base {
    Base() : state(rig.engine, rig.clock), records(rig.log.records()) {}
    support::EngineRig rig;
    BaseState state;
    RecordList records;
};

const Base& base() {
    static const Base made;
    return made;
}

/// A field of a message somewhere in a record, set or not.
struct Place {
    Message* message = nullptr;
    const FieldDescriptor* field = nullptr;
};

void collect(Message& message, std::vector<Place>& places) {
    const auto* reflection = message.GetReflection();
    for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
        const FieldDescriptor* field = message.GetDescriptor()->field(i);
        places.push_back({&message, field});
        if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) continue;
        if (field->is_repeated()) {
            for (int j = 0; j < reflection->FieldSize(message, field); ++j) {
                collect(*reflection->MutableRepeatedMessage(&message, field, j), places);
            }
        } else if (reflection->HasField(message, field)) {
            collect(*reflection->MutableMessage(&message, field), places);
        }
    }
}

std::int64_t number(Random& random, std::int64_t now) {
    constexpr std::array<std::int64_t, 14> interesting{
        0,
        1,
        2,
        3,
        -1,
        100,
        101,
        1'000,
        std::numeric_limits<std::int32_t>::max(),
        std::numeric_limits<std::int64_t>::max(),
        std::numeric_limits<std::int64_t>::min(),
        1'700'000'002'000'000,
        253'402'300'799'999'999,
        253'402'300'800'000'000};
    switch (random() % 4) {
        case 0:
            return interesting[random() % interesting.size()];
        case 1:
            return now ^ (std::int64_t{1} << (random() % 63));
        case 2:
            return static_cast<std::int64_t>(random() % 16);
        default:
            break;
    }
    const auto step = static_cast<std::int64_t>(random() % 9) - 4;
    std::int64_t sum = 0;
    return __builtin_add_overflow(now, step, &sum) ? now : sum;
}

std::string text(Random& random, std::string now) {
    const auto& wallets = base().state.wallets();
    if (random() % 2 == 0) return wallets[random() % wallets.size()].text();
    if (random() % 3 == 0) return std::string(16, static_cast<char>(random()));
    const std::size_t size = now.size();
    now.resize(size + 16);
    auto* bytes = reinterpret_cast<std::uint8_t*>(now.data());
    now.resize(LLVMFuzzerMutate(bytes, size, now.size()));
    return now;
}

void copy_id(record::Uid& id, Random& random) {
    const auto& state = base().state;
    const std::size_t count = state.authorizations().size() + state.grants().size();
    const std::size_t chosen = random() % count;
    const Uid uid = chosen < state.grants().size()
                        ? state.grants()[chosen].uid
                        : state.authorizations()[chosen - state.grants().size()].uid;
    id.set_high(uid.high);
    id.set_low(uid.low);
}

void change_message(Message& message, const FieldDescriptor* field, Random& random) {
    const auto* reflection = message.GetReflection();
    if (field->is_repeated()) {
        const int size = reflection->FieldSize(message, field);
        if (size > 0 && random() % 3 == 0) return reflection->RemoveLast(&message, field);
        Message* added = reflection->AddMessage(&message, field);
        if (size > 0) {
            const int from = static_cast<int>(random() % static_cast<unsigned>(size));
            added->CopyFrom(reflection->GetRepeatedMessage(message, field, from));
        }
        return;
    }
    if (random() % 4 == 0) return reflection->ClearField(&message, field);
    auto* id = dynamic_cast<record::Uid*>(reflection->MutableMessage(&message, field));
    if (id != nullptr) copy_id(*id, random);
}

void change(const Place& place, Random& random) {
    Message& message = *place.message;
    const FieldDescriptor* field = place.field;
    const auto* reflection = message.GetReflection();
    switch (field->cpp_type()) {
        case FieldDescriptor::CPPTYPE_MESSAGE:
            return change_message(message, field, random);
        case FieldDescriptor::CPPTYPE_STRING:
            return reflection->SetString(
                &message, field, text(random, reflection->GetString(message, field))
            );
        case FieldDescriptor::CPPTYPE_ENUM:
            return reflection->SetEnumValue(&message, field, static_cast<int>(random() % 7));
        case FieldDescriptor::CPPTYPE_BOOL:
            return reflection->SetBool(&message, field, random() % 2 == 0);
        case FieldDescriptor::CPPTYPE_INT64:
            return reflection->SetInt64(
                &message, field, number(random, reflection->GetInt64(message, field))
            );
        case FieldDescriptor::CPPTYPE_UINT64:
            return reflection->SetUInt64(
                &message, field,
                static_cast<std::uint64_t>(
                    number(random, static_cast<std::int64_t>(reflection->GetUInt64(message, field)))
                )
            );
        case FieldDescriptor::CPPTYPE_UINT32:
            return reflection->SetUInt32(
                &message, field,
                static_cast<std::uint32_t>(number(random, reflection->GetUInt32(message, field)))
            );
        default:
            return;
    }
}

bool change_record(std::string& bytes, Random& random) {
    record::Record parsed;
    if (!parsed.ParseFromString(bytes)) return false;
    for (std::size_t count = 1 + random() % 3; count > 0; --count) {
        std::vector<Place> places;
        collect(parsed, places);
        change(places[random() % places.size()], random);
    }
    // Text that is no UTF-8 in a `string` is not written; then the record stays as it was.
    std::string changed;
    if (parsed.SerializeToString(&changed)) bytes = std::move(changed);
    return true;
}

/// False: leave it to the bytes.
bool change_list(RecordList& records, Random& random) {
    const auto any = [&] { return random() % records.size(); };
    const unsigned choice = static_cast<unsigned>(random() % 10);
    if (records.empty() || choice == 0) {
        const auto& known = base().records;
        const auto at =
            records.begin() +
            static_cast<std::ptrdiff_t>(records.empty() ? 0 : random() % records.size());
        records.insert(at, known[random() % known.size()]);
    } else if (choice == 1) {
        records.erase(records.begin() + static_cast<std::ptrdiff_t>(any()));
    } else if (choice == 2) {
        std::swap(records[any()], records[any()]);
    } else if (choice == 3) {
        records.push_back(records[any()]);
    } else {
        return choice != 4 && change_record(records[any()], random);
    }
    return true;
}

}  // namespace
}  // namespace faregate::fuzz

extern "C" std::size_t LLVMFuzzerCustomMutator(
    std::uint8_t* data, std::size_t size, std::size_t max_size, unsigned seed
) {
    using namespace faregate::fuzz;
    Random random(seed);
    RecordList records = read_records({reinterpret_cast<const char*>(data), size});
    if (!change_list(records, random)) return LLVMFuzzerMutate(data, size, max_size);
    const std::string changed = write_records(records);
    if (changed.size() > max_size) return LLVMFuzzerMutate(data, size, max_size);
    std::copy(changed.begin(), changed.end(), data);
    return changed.size();
}
