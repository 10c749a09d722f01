#include "faregate/engine/record.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "support/describe.h"

namespace faregate::engine {
namespace {

using namespace ledger;

constexpr Uid some_uid{0x0123456789abcdef, 0xfedcba9876543210};
constexpr IdempotencyKey some_key{
    {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16},
    {255, 254, 253, 252, 251, 250, 249, 248, 247, 246, 245, 244, 243, 242, 241, 240}};

Asset some_asset() {
    Asset asset;
    asset.index.value = 7;
    asset.code = "gpt-4o:tokens";
    asset.scale = 18;
    asset.name = "Tøkens";
    asset.symbol = "₮";
    asset.created_at = Timestamp{1'700'000'000'123'456};
    return asset;
}

Grant some_grant() {
    Grant grant;
    grant.id = GrantId{some_uid};
    grant.asset.value = 3;
    grant.remaining = Amount::request_max();
    grant.kind = GrantKind::recurring;
    grant.priority = 100;
    grant.status = GrantStatus::scheduled;
    grant.effective_at = Timestamp{1};
    grant.expires_at = Timestamp{2};
    return grant;
}

/// One of every kind of change, and some in several forms.
std::vector<Change> all_changes() {
    WalletUpdated full;
    full.status = WalletStatus::frozen;
    full.over_capture = OverCapture::reject;
    full.name = "";
    full.metadata = R"({"a":[1,2]})";
    full.overdraft_limits = {{AssetIndex{0}, Amount{}}, {AssetIndex{9}, Amount::request_max()}};
    Grant endless = some_grant();
    endless.expires_at = Timestamp::never();
    endless.status = GrantStatus::active;
    endless.priority = 0;
    endless.kind = GrantKind::paid;
    return {
        Declined{},
        AssetCreated{some_asset()},
        WalletCreated{"Acme", OverCapture::debt, "{}"},
        WalletCreated{"", OverCapture::reject, ""},
        WalletUpdated{},
        full,
        GrantAdded{some_grant(), "{\"b\":2}"},
        GrantAdded{endless, ""},
        GrantChanged{GrantId{some_uid}, GrantStatus::revoked},
        AuthorizationOpened{AuthorizationId{some_uid}, Timestamp{5}, "a description", "{}"},
        AuthorizationChanged{
            AuthorizationId{some_uid}, AuthorizationStatus::expired, Timestamp{5}, true, true},
        AuthorizationChanged{
            AuthorizationId{some_uid}, AuthorizationStatus::authorized, Timestamp{6}, false, false},
        DebitPosted{DebitId{some_uid}, "a description", ""},
    };
}

Mutation mutation_of(Change change) {
    Mutation mutation;
    if (!std::holds_alternative<AssetCreated>(change)) mutation.wallet = WalletId::trusted("acme");
    mutation.at = Timestamp{1'700'000'000'123'456};
    mutation.change = std::move(change);
    return mutation;
}

Receipt some_receipt() {
    Receipt receipt;
    receipt.outcome = Outcome::insufficient_funds;
    receipt.at = Timestamp{42};
    receipt.wallet = WalletId::trusted("acme");
    receipt.subject = some_uid;
    receipt.created_at = Timestamp{41};
    receipt.expires_at = Timestamp::never();
    receipt.effective_at = Timestamp{40};
    receipt.authorization_status = AuthorizationStatus::voided;
    receipt.grant_status = GrantStatus::expired;
    receipt.late = true;
    receipt.fault = Decimal::Fault::not_positive;
    receipt.fault_asset = "XXX";
    ReceiptLine line;
    line.asset.value = 2;
    line.requested = Amount::from_units(1);
    line.moved = Amount::from_units(2);
    line.released = Amount::from_units(3);
    line.shortfall = Amount::from_units(4);
    line.available = Amount::from_units(-5);
    line.authorized = Amount::request_max();
    line.captured = -Amount::balance_max();
    line.held = Amount::from_units(8);
    receipt.lines = {line, ReceiptLine{}};
    return receipt;
}

std::string encode(const Mutation& mutation, bool with_key = false) {
    const Receipt receipt = some_receipt();
    std::string bytes;
    encode_record(
        mutation, with_key ? &some_key : nullptr, with_key ? encode_receipt(receipt) : "", bytes
    );
    return bytes;
}

ErrorCode error_of(std::string_view bytes) {
    const auto record = decode_record(bytes);
    return record ? ErrorCode::invalid_argument : record.error().code;
}

TEST(Record, EveryKindOfChangeComesBack) {
    std::vector<bool> seen(std::variant_size_v<Change>, false);
    for (const Change& change : all_changes()) {
        seen[change.index()] = true;
        const Mutation mutation = mutation_of(change);
        const auto record = decode_record(encode(mutation));
        ASSERT_TRUE(record.has_value()) << record.error().message;
        EXPECT_EQ(support::describe(record->mutation), support::describe(mutation));
        EXPECT_FALSE(record->key.has_value());
    }
    for (std::size_t i = 0; i < seen.size(); ++i) EXPECT_TRUE(seen[i]) << "alternative " << i;
}

TEST(Record, PostingsComeBackInTheirOrder) {
    Mutation mutation = mutation_of(DebitPosted{DebitId{some_uid}, "", ""});
    for (int source = 0; source < 6; ++source) {
        for (int destination = 0; destination < 6; ++destination) {
            if (source == destination) continue;
            Posting posting;
            posting.asset.value = static_cast<std::uint32_t>(source * 6 + destination);
            posting.source = static_cast<Side>(source);
            posting.destination = static_cast<Side>(destination);
            if (source % 2 == 0) posting.grant = GrantId{some_uid};
            posting.amount = Amount::from_units(1 + source);
            mutation.postings.push_back(posting);
        }
    }
    const auto record = decode_record(encode(mutation));
    ASSERT_TRUE(record.has_value());
    EXPECT_EQ(support::describe(record->mutation), support::describe(mutation));
}

TEST(Record, AmountsOfEverySizeComeBack) {
    const int128_t low = std::numeric_limits<std::int64_t>::min();
    const int128_t high = std::numeric_limits<std::int64_t>::max();
    std::vector<int128_t> values = {1, 127, 128, high - 1, high, high + 1, low, low - 1};
    for (int power = 0; power <= 36; ++power) {
        values.push_back(Amount::power_of_ten(power));
        values.push_back(Amount::power_of_ten(power) - 1);
        values.push_back(-Amount::power_of_ten(power));
    }
    for (const int128_t value : values) {
        // A receipt's line takes both signs, a posting only the positive ones.
        Receipt receipt = some_receipt();
        receipt.lines[0].available = Amount::from_units(value);
        const auto read = decode_receipt(encode_receipt(receipt), receipt.wallet);
        ASSERT_TRUE(read.has_value());
        EXPECT_EQ(read->lines[0].available.units(), value);
    }
}

TEST(Record, KeyAndReceiptComeBack) {
    for (const Change& change : all_changes()) {
        const Mutation mutation = mutation_of(change);
        const auto record = decode_record(encode(mutation, true));
        ASSERT_TRUE(record.has_value());
        ASSERT_TRUE(record->key.has_value());
        EXPECT_EQ(record->key->digest, some_key.digest);
        EXPECT_EQ(record->key->fingerprint, some_key.fingerprint);
        Receipt expected = some_receipt();
        expected.wallet = mutation.wallet;
        EXPECT_EQ(support::describe(record->receipt), support::describe(expected));
    }
}

TEST(Record, ReceiptsOfEveryOutcomeComeBack) {
    for (int i = 0; i < outcome_count; ++i) {
        Receipt receipt = some_receipt();
        receipt.outcome = static_cast<Outcome>(i);
        const auto read = decode_receipt(encode_receipt(receipt), receipt.wallet);
        ASSERT_TRUE(read.has_value());
        EXPECT_EQ(support::describe(*read), support::describe(receipt));
    }
    const Receipt empty;
    EXPECT_EQ(
        support::describe(decode_receipt(encode_receipt(empty), WalletId{}).value()),
        support::describe(empty)
    );
}

TEST(Record, EncodingIsTheSameEveryTime) {
    std::string bytes = "left over from before";
    for (const Change& change : all_changes()) {
        const Mutation mutation = mutation_of(change);
        encode_record(mutation, nullptr, "", bytes);
        EXPECT_EQ(bytes, encode(mutation));
        EXPECT_EQ(encode(decode_record(bytes)->mutation), bytes);
    }
}

// Texts come from callers. Whatever bytes they are: a record that was acknowledged must be
// readable, or the server could not start again.
TEST(Record, TextThatIsNoUtf8ComesBack) {
    const std::string bad("\xff\xfe\x00\xc3(", 5);
    const Change changes[] = {
        WalletCreated{bad, OverCapture::cap, bad},
        AuthorizationOpened{AuthorizationId{some_uid}, Timestamp{5}, bad, bad},
        DebitPosted{DebitId{some_uid}, bad, bad},
        GrantAdded{some_grant(), bad},
    };
    for (const Change& change : changes) {
        const Mutation mutation = mutation_of(change);
        const auto record = decode_record(encode(mutation));
        ASSERT_TRUE(record.has_value()) << kind_of(change) << ": " << record.error().message;
        EXPECT_EQ(support::describe(record->mutation), support::describe(mutation));
    }
    Receipt receipt = some_receipt();
    receipt.fault_asset = bad;
    const auto read = decode_receipt(encode_receipt(receipt), receipt.wallet);
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(read->fault_asset, bad);
}

TEST(Record, EveryTruncationIsCorruption) {
    for (const Change& change : all_changes()) {
        Mutation mutation = mutation_of(change);
        mutation.postings = {
            {AssetIndex{1}, Side::available, Side::held, GrantId{some_uid}, Amount::request_max()},
            {AssetIndex{1}, Side::debt, Side::held, {}, Amount::from_units(1)}};
        const std::string bytes = encode(mutation, true);
        for (std::size_t size = 0; size < bytes.size(); ++size) {
            EXPECT_EQ(error_of(std::string_view(bytes).substr(0, size)), ErrorCode::corruption)
                << kind_of(change) << " cut to " << size << " of " << bytes.size();
        }
    }
}

TEST(Record, DamagedBytesNeverCrash) {
    std::mt19937 random(1);
    for (const Change& change : all_changes()) {
        const std::string good = encode(mutation_of(change), true);
        for (int i = 0; i < 300; ++i) {
            std::string bytes = good;
            bytes[random() % bytes.size()] = static_cast<char>(random());
            if (i % 3 == 0) bytes.insert(random() % bytes.size(), 1, static_cast<char>(random()));
            static_cast<void>(decode_record(bytes));
            static_cast<void>(decode_receipt(bytes, WalletId{}));
        }
    }
    for (int i = 0; i < 2'000; ++i) {
        std::string bytes(random() % 80, '\0');
        for (char& byte : bytes) byte = static_cast<char>(random());
        EXPECT_EQ(error_of(bytes), ErrorCode::corruption);
    }
}

TEST(Record, WhatCannotBeIsCorruption) {
    const auto refused = [](const Mutation& mutation) {
        const auto record = decode_record(encode(mutation));
        return !record && record.error().code == ErrorCode::corruption;
    };
    Mutation mutation = mutation_of(Declined{});
    mutation.wallet = WalletId::trusted("no such id!");
    EXPECT_TRUE(refused(mutation));
    mutation.wallet = WalletId{};
    EXPECT_TRUE(refused(mutation));

    Asset asset = some_asset();
    asset.scale = scale_max + 1;
    EXPECT_TRUE(refused(mutation_of(AssetCreated{asset})));
    asset = some_asset();
    asset.code = "a b";
    EXPECT_TRUE(refused(mutation_of(AssetCreated{asset})));

    Grant grant = some_grant();
    grant.priority = 101;
    EXPECT_TRUE(refused(mutation_of(GrantAdded{grant, ""})));
    EXPECT_TRUE(refused(mutation_of(GrantChanged{GrantId{}, GrantStatus::active})));
    EXPECT_TRUE(refused(mutation_of(GrantChanged{GrantId{some_uid}, static_cast<GrantStatus>(4)})));
    EXPECT_TRUE(refused(mutation_of(WalletCreated{"", static_cast<OverCapture>(3), ""})));
    EXPECT_TRUE(refused(mutation_of(DebitPosted{})));
    grant = some_grant();
    grant.remaining = Amount{};
    EXPECT_TRUE(refused(mutation_of(GrantAdded{grant, ""})));
    WalletUpdated negative;
    negative.overdraft_limits = {{AssetIndex{0}, Amount::from_units(-1)}};
    EXPECT_TRUE(refused(mutation_of(negative)));

    const auto with_posting = [](Posting posting) {
        Mutation result = mutation_of(DebitPosted{DebitId{some_uid}, "", ""});
        result.postings = {posting};
        return result;
    };
    const Amount one = Amount::from_units(1);
    EXPECT_FALSE(refused(with_posting({{}, Side::available, Side::revenue, {}, one})));
    EXPECT_TRUE(refused(with_posting({{}, Side::available, Side::revenue, {}, Amount{}})));
    EXPECT_TRUE(refused(with_posting({{}, Side::available, Side::revenue, {}, -one})));
    EXPECT_TRUE(refused(with_posting({{}, Side::held, Side::held, {}, one})));
    EXPECT_TRUE(refused(with_posting({{}, static_cast<Side>(6), Side::held, {}, one})));
    const Amount huge = Amount::from_units(Amount::power_of_ten(36) + 1);
    EXPECT_TRUE(refused(with_posting({{}, Side::available, Side::revenue, {}, huge})));
}

// Times beyond the year 9999 cannot be printed: `faregate journal inspect` ended in an assertion
// where it should have named the damage. And the sum of two times may overflow.
TEST(Record, TimesThatCannotBePrintedAreCorruption) {
    constexpr std::int64_t last = 253'402'300'799'999'999;
    const auto refused = [](Timestamp at, Change change) {
        Mutation mutation = mutation_of(std::move(change));
        mutation.at = at;
        return !decode_record(encode(mutation)).has_value();
    };
    EXPECT_FALSE(refused(Timestamp{last}, Declined{}));
    EXPECT_TRUE(refused(Timestamp{last + 1}, Declined{}));
    EXPECT_TRUE(refused(Timestamp{-1}, Declined{}));
    EXPECT_TRUE(refused(Timestamp::never(), Declined{}));
    const AuthorizationId id{some_uid};
    EXPECT_TRUE(refused(Timestamp{1}, AuthorizationOpened{id, Timestamp::never(), "", ""}));
    Receipt receipt = some_receipt();
    receipt.created_at = Timestamp{last + 1};
    EXPECT_FALSE(decode_receipt(encode_receipt(receipt), WalletId{}).has_value());
}

TEST(Record, AmountsThatNoRequestCanHaveAreCorruption) {
    Grant grant = some_grant();
    grant.remaining = Amount{};
    EXPECT_FALSE(decode_record(encode(mutation_of(GrantAdded{grant, ""}))).has_value());
    grant.remaining = Amount::request_max() + Amount::from_units(1);
    EXPECT_FALSE(decode_record(encode(mutation_of(GrantAdded{grant, ""}))).has_value());
    WalletUpdated update;
    update.overdraft_limits = {{AssetIndex{0}, Amount::from_units(-1)}};
    EXPECT_FALSE(decode_record(encode(mutation_of(update))).has_value());
    Mutation declined = mutation_of(Declined{});
    declined.postings = {
        {{}, Side::available, Side::revenue, GrantId{some_uid}, Amount::from_units(1)}};
    EXPECT_FALSE(decode_record(encode(declined)).has_value());
}

TEST(Record, AStoredReceiptThatCannotBeReadIsCorruption) {
    EXPECT_EQ(decode_receipt("", WalletId{}).error().code, ErrorCode::corruption);
    EXPECT_EQ(decode_receipt("\x0a\x01x", WalletId{}).error().code, ErrorCode::corruption);
    const std::string good = encode_receipt(some_receipt());
    EXPECT_EQ(
        decode_receipt(std::string_view(good).substr(0, good.size() - 1), WalletId{}).error().code,
        ErrorCode::corruption
    );
}

/// A field of record.proto that is a message or bytes: its number, its length and what it is.
std::string field(int number, const std::string& bytes) {
    std::string text;
    const int tag = number << 3 | 2;
    if (tag >= 0x80) text += static_cast<char>((tag & 0x7f) | 0x80);
    text += static_cast<char>(tag >= 0x80 ? tag >> 7 : tag);
    return text + static_cast<char>(bytes.size()) + bytes;
}

// No version of this program writes them, but a damaged record may have them.
TEST(Record, BytesThatNobodyWritesAreCorruption) {
    const std::string id = std::string("\x09\x01", 2) + std::string(7, '\0');
    const std::string debit = field(1, "acme") + field(18, field(1, id));
    const std::string available_to_revenue("\x10\x01\x18\x03", 4);
    const auto with_amount = [&](const std::string& amount) {
        return debit + field(3, available_to_revenue + field(5, amount));
    };
    const std::string wide_one = std::string(15, '\0') + "\x01";
    const auto good = decode_record(with_amount(field(2, wide_one)));
    ASSERT_TRUE(good.has_value()) << good.error().message;
    EXPECT_EQ(good->mutation.postings[0].amount, Amount::from_units(1));

    const auto expect_refused = [](const std::string& bytes, const std::string& why) {
        const auto record = decode_record(bytes);
        ASSERT_FALSE(record.has_value()) << why;
        EXPECT_EQ(record.error().code, ErrorCode::corruption);
        EXPECT_EQ(record.error().message, "journal record: " + why);
    };
    expect_refused(with_amount(field(2, wide_one.substr(1))), "an amount has the wrong size");
    expect_refused(with_amount(field(2, wide_one + "\x01")), "an amount has the wrong size");
    expect_refused(with_amount(field(2, "\x80" + wide_one.substr(1))), "an amount is out of range");
    const std::string minus_one = std::string(9, '\xff') + "\x01";
    expect_refused(
        debit + field(3, "\x10" + minus_one + "\x18\x03" + field(5, "\x08\x02")), "unknown source"
    );
    expect_refused(field(1, "acme") + field(18, field(1, "")), "an id is missing");

    const std::string digest(16, 'd');
    const std::string receipt = field(3, field(1, "accepted"));
    EXPECT_TRUE(decode_record(debit + field(4, field(1, digest) + field(2, digest) + receipt)));
    expect_refused(
        debit + field(4, field(1, digest + "d") + field(2, digest) + receipt),
        "a digest has the wrong length"
    );
    expect_refused(
        debit + field(4, field(1, digest) + field(2, "") + receipt), "a digest has the wrong length"
    );
    expect_refused(
        debit + field(4, field(1, digest) + field(2, digest) + field(3, field(1, "done"))),
        "unknown outcome"
    );
}

}  // namespace
}  // namespace faregate::engine
