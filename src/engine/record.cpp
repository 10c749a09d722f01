#include "faregate/engine/record.h"

#include <algorithm>

#include "faregate/core/assert.h"
#include "record.pb.h"

namespace faregate::engine {
namespace {

using namespace ledger;
namespace pb = faregate::record;

// Writing.

void put(pb::Uid& out, Uid uid) {
    out.set_high(uid.high);
    out.set_low(uid.low);
}

void put(pb::Amount& out, Amount amount) {
    const int128_t units = amount.units();
    if (units == static_cast<std::int64_t>(units)) {
        out.set_units(static_cast<std::int64_t>(units));
        return;
    }
    std::string& wide = *out.mutable_wide();
    wide.resize(16);
    for (std::size_t i = 0; i < 16; ++i) {
        wide[i] = static_cast<char>(static_cast<unsigned char>(units >> (120 - 8 * i)));
    }
}

void put(pb::Posting& out, const Posting& posting) {
    out.set_asset(posting.asset.value);
    out.set_source(static_cast<pb::Side>(posting.source));
    out.set_destination(static_cast<pb::Side>(posting.destination));
    if (!posting.grant.is_nil()) put(*out.mutable_grant(), posting.grant.uid);
    put(*out.mutable_amount(), posting.amount);
}

struct PutChange {
    pb::Record& record;

    void operator()(const Declined&) const { record.mutable_declined(); }
    void operator()(const AssetCreated& change) const {
        auto& out = *record.mutable_asset_created();
        out.set_index(change.asset.index.value);
        out.set_code(change.asset.code);
        out.set_scale(change.asset.scale);
        out.set_name(change.asset.name);
        out.set_symbol(change.asset.symbol);
    }
    void operator()(const WalletCreated& change) const {
        auto& out = *record.mutable_wallet_created();
        out.set_name(change.name);
        out.set_over_capture(static_cast<pb::OverCapture>(change.over_capture));
        out.set_metadata(change.metadata);
    }
    void operator()(const WalletUpdated& change) const {
        auto& out = *record.mutable_wallet_updated();
        if (change.status) out.set_status(static_cast<pb::WalletStatus>(*change.status));
        if (change.over_capture) {
            out.set_over_capture(static_cast<pb::OverCapture>(*change.over_capture));
        }
        if (change.name) out.set_name(*change.name);
        if (change.metadata) out.set_metadata(*change.metadata);
        for (const OverdraftLimit& limit : change.overdraft_limits) {
            auto& added = *out.add_overdraft_limits();
            added.set_asset(limit.asset.value);
            put(*added.mutable_limit(), limit.limit);
        }
    }
    void operator()(const GrantAdded& change) const {
        auto& out = *record.mutable_grant_added();
        const Grant& grant = change.grant;
        put(*out.mutable_grant(), grant.id.uid);
        out.set_asset(grant.asset.value);
        put(*out.mutable_amount(), grant.remaining);
        out.set_kind(static_cast<pb::GrantKind>(grant.kind));
        out.set_priority(grant.priority);
        out.set_status(static_cast<pb::GrantStatus>(grant.status));
        out.set_effective_at(grant.effective_at.microseconds);
        if (!grant.expires_at.is_never()) out.set_expires_at(grant.expires_at.microseconds);
        out.set_metadata(change.metadata);
    }
    void operator()(const GrantChanged& change) const {
        auto& out = *record.mutable_grant_changed();
        put(*out.mutable_grant(), change.grant.uid);
        out.set_status(static_cast<pb::GrantStatus>(change.status));
    }
    void operator()(const AuthorizationOpened& change) const {
        auto& out = *record.mutable_authorization_opened();
        put(*out.mutable_authorization(), change.authorization.uid);
        out.set_expires_at(change.expires_at.microseconds);
        out.set_description(change.description);
        out.set_metadata(change.metadata);
    }
    void operator()(const AuthorizationChanged& change) const {
        auto& out = *record.mutable_authorization_changed();
        put(*out.mutable_authorization(), change.authorization.uid);
        out.set_status(static_cast<pb::AuthorizationStatus>(change.status));
        out.set_expires_at(change.expires_at.microseconds);
        out.set_late(change.late);
        out.set_settled(change.settled);
    }
    void operator()(const DebitPosted& change) const {
        auto& out = *record.mutable_debit_posted();
        put(*out.mutable_debit(), change.debit.uid);
        out.set_description(change.description);
        out.set_metadata(change.metadata);
    }
};

void put(pb::ReceiptLine& out, const ReceiptLine& line) {
    out.set_asset(line.asset.value);
    // Most lines leave most amounts at zero, and an absent amount is zero.
    const auto put_if = [&](Amount amount, auto mutable_field) {
        if (!amount.is_zero()) put(*(out.*mutable_field)(), amount);
    };
    put_if(line.requested, &pb::ReceiptLine::mutable_requested);
    put_if(line.moved, &pb::ReceiptLine::mutable_moved);
    put_if(line.released, &pb::ReceiptLine::mutable_released);
    put_if(line.shortfall, &pb::ReceiptLine::mutable_shortfall);
    put_if(line.available, &pb::ReceiptLine::mutable_available);
    put_if(line.authorized, &pb::ReceiptLine::mutable_authorized);
    put_if(line.captured, &pb::ReceiptLine::mutable_captured);
    put_if(line.held, &pb::ReceiptLine::mutable_held);
}

void put(pb::Receipt& out, const Receipt& receipt) {
    out.set_outcome(to_string(receipt.outcome));
    out.set_at(receipt.at.microseconds);
    if (!receipt.subject.is_nil()) put(*out.mutable_subject(), receipt.subject);
    out.set_created_at(receipt.created_at.microseconds);
    if (!receipt.expires_at.is_never()) out.set_expires_at(receipt.expires_at.microseconds);
    out.set_effective_at(receipt.effective_at.microseconds);
    out.set_authorization_status(static_cast<pb::AuthorizationStatus>(receipt.authorization_status)
    );
    out.set_grant_status(static_cast<pb::GrantStatus>(receipt.grant_status));
    out.set_late(receipt.late);
    out.set_fault(static_cast<std::uint32_t>(receipt.fault));
    out.set_fault_asset(receipt.fault_asset);
    for (const ReceiptLine& line : receipt.lines) put(*out.add_lines(), line);
}

// Reading. A Reader remembers the first thing that is wrong, so that the steps need no checks
// between them; the result counts only if nothing was.

class Reader {
  public:
    const char* wrong() const { return wrong_; }

    void require(bool condition, const char* what) {
        if (!condition && wrong_ == nullptr) wrong_ = what;
    }
    template <typename Enum>
    Enum enumerator(int value, int last, const char* what) {
        require(value >= 0 && value <= last, what);
        return static_cast<Enum>(value);
    }
    Uid uid(const pb::Uid& in) {
        require(in.high() != 0 || in.low() != 0, "an id is missing");
        return Uid{in.high(), in.low()};
    }
    Amount amount(const pb::Amount& in) {
        if (in.wide().empty()) return Amount::from_units(in.units());
        require(in.wide().size() == 16, "an amount has the wrong size");
        if (in.wide().size() != 16) return {};
        int128_t units = static_cast<unsigned char>(in.wide()[0]) >= 0x80 ? -1 : 0;
        for (const char byte : in.wide()) units = units * 256 + static_cast<unsigned char>(byte);
        const bool in_range =
            units <= Amount::power_of_ten(36) && units >= -Amount::power_of_ten(36);
        require(in_range, "an amount is out of range");
        return in_range ? Amount::from_units(units) : Amount{};
    }
    /// A time that can be printed, and reckoned with.
    Timestamp time(std::int64_t microseconds) {
        constexpr std::int64_t last = 253'402'300'799'999'999;  // 9999-12-31T23:59:59.999999Z
        const bool in_range = microseconds >= 0 && microseconds <= last;
        require(in_range, "a time is out of range");
        return Timestamp{in_range ? microseconds : 0};
    }
    Posting posting(const pb::Posting& in) {
        Posting out;
        out.asset.value = in.asset();
        out.source = enumerator<Side>(in.source(), 5, "unknown source");
        out.destination = enumerator<Side>(in.destination(), 5, "unknown destination");
        if (in.has_grant()) out.grant.uid = uid(in.grant());
        out.amount = amount(in.amount());
        require(out.amount.is_positive(), "a posting moves nothing");
        require(out.source != out.destination, "a posting goes nowhere");
        return out;
    }
    Change change(const pb::Record& in);
    Receipt receipt(const pb::Receipt& in);

  private:
    Asset asset(const pb::AssetCreated& in, Timestamp at) {
        Asset out;
        out.index.value = in.index();
        out.code = in.code();
        out.scale = static_cast<Scale>(in.scale());
        out.name = in.name();
        out.symbol = in.symbol();
        out.created_at = at;
        require(in.scale() <= scale_max, "a scale is out of range");
        require(is_asset_code(in.code()), "an asset code is invalid");
        return out;
    }
    WalletStatus wallet_status(int value) {
        return enumerator<WalletStatus>(value, 1, "unknown wallet status");
    }
    OverCapture over_capture(int value) {
        return enumerator<OverCapture>(value, 2, "unknown over-capture policy");
    }
    GrantStatus grant_status(int value) {
        return enumerator<GrantStatus>(value, 3, "unknown grant status");
    }
    AuthorizationStatus authorization_status(int value) {
        return enumerator<AuthorizationStatus>(value, 3, "unknown authorization status");
    }
    WalletUpdated wallet_updated(const pb::WalletUpdated& in) {
        WalletUpdated out;
        if (in.has_status()) out.status = wallet_status(in.status());
        if (in.has_over_capture()) out.over_capture = over_capture(in.over_capture());
        if (in.has_name()) out.name = in.name();
        if (in.has_metadata()) out.metadata = in.metadata();
        for (const auto& limit : in.overdraft_limits()) {
            out.overdraft_limits.push_back({AssetIndex{limit.asset()}, amount(limit.limit())});
            const Amount read = out.overdraft_limits.back().limit;
            const bool in_range = !read.is_negative() && read <= Amount::balance_max();
            require(in_range, "an overdraft limit is out of range");
        }
        return out;
    }
    GrantAdded grant_added(const pb::GrantAdded& in) {
        GrantAdded out;
        out.grant.id.uid = uid(in.grant());
        out.grant.asset.value = in.asset();
        out.grant.remaining = amount(in.amount());
        out.grant.kind = enumerator<GrantKind>(in.kind(), 2, "unknown grant kind");
        out.grant.priority = static_cast<std::uint8_t>(in.priority());
        out.grant.status = grant_status(in.status());
        out.grant.effective_at = time(in.effective_at());
        if (in.has_expires_at()) out.grant.expires_at = time(in.expires_at());
        out.metadata = in.metadata();
        const Amount whole = out.grant.remaining;
        require(whole.is_positive() && whole <= Amount::request_max(), "a grant is out of range");
        const bool begins =
            out.grant.status == GrantStatus::scheduled || out.grant.status == GrantStatus::active;
        require(begins, "a grant ends before it begins");
        require(in.priority() <= grant_priority_max, "a priority is out of range");
        return out;
    }

    const char* wrong_ = nullptr;
};

Change Reader::change(const pb::Record& in) {
    switch (in.change_case()) {
        case pb::Record::kDeclined:
            return Declined{};
        case pb::Record::kAssetCreated:
            return AssetCreated{asset(in.asset_created(), Timestamp{in.at()})};
        case pb::Record::kWalletCreated: {
            const auto& created = in.wallet_created();
            return WalletCreated{
                created.name(), over_capture(created.over_capture()), created.metadata()};
        }
        case pb::Record::kWalletUpdated:
            return wallet_updated(in.wallet_updated());
        case pb::Record::kGrantAdded:
            return grant_added(in.grant_added());
        case pb::Record::kGrantChanged: {
            const auto& changed = in.grant_changed();
            return GrantChanged{GrantId{uid(changed.grant())}, grant_status(changed.status())};
        }
        case pb::Record::kAuthorizationOpened: {
            const auto& opened = in.authorization_opened();
            return AuthorizationOpened{
                AuthorizationId{uid(opened.authorization())}, time(opened.expires_at()),
                opened.description(), opened.metadata()};
        }
        case pb::Record::kAuthorizationChanged: {
            const auto& changed = in.authorization_changed();
            return AuthorizationChanged{
                AuthorizationId{uid(changed.authorization())},
                authorization_status(changed.status()), time(changed.expires_at()), changed.late(),
                changed.settled()};
        }
        case pb::Record::kDebitPosted: {
            const auto& posted = in.debit_posted();
            return DebitPosted{
                DebitId{uid(posted.debit())}, posted.description(), posted.metadata()};
        }
        case pb::Record::CHANGE_NOT_SET:
            break;
    }
    require(false, "a kind of change that this version does not know");
    return Declined{};
}

Receipt Reader::receipt(const pb::Receipt& in) {
    Receipt out;
    const auto outcome = parse_outcome(in.outcome());
    require(outcome.has_value(), "unknown outcome");
    out.outcome = outcome.value_or(Outcome::accepted);
    out.at = time(in.at());
    if (in.has_subject()) out.subject = uid(in.subject());
    out.created_at = time(in.created_at());
    out.expires_at = in.has_expires_at() ? time(in.expires_at()) : Timestamp::never();
    out.effective_at = time(in.effective_at());
    out.authorization_status = authorization_status(in.authorization_status());
    out.grant_status = grant_status(in.grant_status());
    out.late = in.late();
    constexpr auto last_fault = static_cast<int>(Decimal::Fault::not_positive);
    out.fault =
        enumerator<Decimal::Fault>(static_cast<int>(in.fault()), last_fault, "unknown fault");
    out.fault_asset = in.fault_asset();
    for (const auto& line : in.lines()) {
        ReceiptLine read;
        read.asset.value = line.asset();
        read.requested = amount(line.requested());
        read.moved = amount(line.moved());
        read.released = amount(line.released());
        read.shortfall = amount(line.shortfall());
        read.available = amount(line.available());
        read.authorized = amount(line.authorized());
        read.captured = amount(line.captured());
        read.held = amount(line.held());
        out.lines.push_back(read);
    }
    return out;
}

bool may_move_money(const Change& change) {
    return !std::holds_alternative<Declined>(change) &&
           !std::holds_alternative<AssetCreated>(change) &&
           !std::holds_alternative<WalletCreated>(change) &&
           !std::holds_alternative<WalletUpdated>(change);
}

template <std::size_t size>
void read_digest(const std::string& bytes, std::array<std::uint8_t, size>& out, Reader& reader) {
    reader.require(bytes.size() == size, "a digest has the wrong length");
    if (bytes.size() == size) std::copy(bytes.begin(), bytes.end(), out.begin());
}

}  // namespace

void encode_record(
    const Mutation& mutation, const IdempotencyKey* key, std::string_view receipt,
    std::string& bytes
) {
    FG_ASSERT((key == nullptr) == receipt.empty(), "a key comes with its receipt");
    thread_local pb::Record record;
    record.Clear();
    record.set_wallet(mutation.wallet.text());
    record.set_at(mutation.at.microseconds);
    std::visit(PutChange{record}, mutation.change);
    for (const Posting& posting : mutation.postings) put(*record.add_postings(), posting);
    if (key != nullptr) {
        auto& idempotency = *record.mutable_idempotency();
        idempotency.mutable_digest()->assign(key->digest.begin(), key->digest.end());
        idempotency.mutable_fingerprint()->assign(key->fingerprint.begin(), key->fingerprint.end());
        idempotency.mutable_receipt()->assign(receipt);
    }
    const bool written = record.SerializeToString(&bytes);
    FG_ASSERT(written, "a record could not be written");
}

Result<Record> decode_record(std::string_view bytes) {
    thread_local pb::Record record;
    const auto corrupt = [](const char* what) {
        return failure(ErrorCode::corruption, std::string("journal record: ") + what);
    };
    if (!record.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
        return corrupt("not a protocol buffer of record.proto");
    }
    Reader reader;
    Record out;
    out.mutation.at = reader.time(record.at());
    out.mutation.change = reader.change(record);
    if (!std::holds_alternative<AssetCreated>(out.mutation.change)) {
        reader.require(WalletId::parse(record.wallet()).has_value(), "invalid wallet id");
        out.mutation.wallet = WalletId::trusted(record.wallet());
    }
    for (const auto& posting : record.postings()) {
        out.mutation.postings.push_back(reader.posting(posting));
    }
    const bool moves = may_move_money(out.mutation.change);
    reader.require(
        moves || out.mutation.postings.empty(), "a change that moves no money has postings"
    );
    if (record.has_idempotency()) {
        const auto& idempotency = record.idempotency();
        IdempotencyKey key;
        read_digest(idempotency.digest(), key.digest, reader);
        read_digest(idempotency.fingerprint(), key.fingerprint, reader);
        out.key = key;
        thread_local pb::Receipt receipt;
        if (!receipt.ParseFromString(idempotency.receipt())) {
            return corrupt("its receipt is not a protocol buffer of record.proto");
        }
        out.receipt = reader.receipt(receipt);
        out.receipt.wallet = out.mutation.wallet;
        out.receipt_bytes = idempotency.receipt();
    }
    if (reader.wrong() != nullptr) return corrupt(reader.wrong());
    return out;
}

std::string encode_receipt(const Receipt& receipt) {
    thread_local pb::Receipt message;
    message.Clear();
    put(message, receipt);
    return message.SerializeAsString();
}

Result<Receipt> decode_receipt(
    std::string_view bytes, const WalletId& wallet, std::size_t asset_count
) {
    thread_local pb::Receipt message;
    if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
        return failure(ErrorCode::corruption, "stored receipt: not a protocol buffer");
    }
    Reader reader;
    Receipt receipt = reader.receipt(message);
    receipt.wallet = wallet;
    for (const ReceiptLine& line : receipt.lines) {
        reader.require(line.asset.value < asset_count, "it names an asset that does not exist");
    }
    if (reader.wrong() != nullptr) {
        return failure(ErrorCode::corruption, std::string("stored receipt: ") + reader.wrong());
    }
    return receipt;
}

}  // namespace faregate::engine
