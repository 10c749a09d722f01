#include "cli/record_json.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string>
#include <variant>

namespace faregate::cli {

using nlohmann::ordered_json;

namespace {

ordered_json time_json(Timestamp at) {
    return at.is_never() ? ordered_json() : ordered_json(to_rfc3339(at));
}

/// Metadata is a JSON object as the caller sent it.
void put_metadata(ordered_json& out, const std::string& metadata) {
    if (metadata.empty()) return;
    // The API takes fewer levels; a damaged record may have more than the stack has room for.
    constexpr int depth_max = 64;
    bool too_deep = false;
    const auto limit = [&](int depth, ordered_json::parse_event_t, ordered_json&) {
        too_deep = too_deep || depth > depth_max;
        return !too_deep;
    };
    auto object = ordered_json::parse(metadata, limit, false);
    const bool printable = !too_deep && !object.is_discarded();
    out["metadata"] = printable ? std::move(object) : ordered_json(metadata);
}

void put_text(ordered_json& out, const char* name, const std::string& text) {
    if (!text.empty()) out[name] = text;
}

template <std::size_t size>
std::string hexadecimal(const std::array<std::uint8_t, size>& bytes) {
    std::string text;
    for (const auto byte : bytes) text += fmt::format("{:02x}", byte);
    return text;
}

/// 128 bits are more than the library's integers hold, so units are text.
std::string units_text(Amount amount) { return amount.to_string(0); }

}  // namespace

/// Adds the members of each kind of change.
class RecordPrinter::Writer {
  public:
    Writer(ordered_json& out, const ledger::AssetCatalogue& assets) : out_(out), assets_(assets) {}

    void operator()(const ledger::Declined&) {}
    void operator()(const ledger::AssetCreated& change) {
        out_["asset"] = change.asset.code;
        out_["asset_index"] = change.asset.index.value;
        out_["scale"] = change.asset.scale;
        put_text(out_, "name", change.asset.name);
        put_text(out_, "symbol", change.asset.symbol);
    }
    void operator()(const ledger::WalletCreated& change) {
        put_text(out_, "name", change.name);
        out_["over_capture"] = to_string(change.over_capture);
        put_metadata(out_, change.metadata);
    }
    void operator()(const ledger::WalletUpdated& change) {
        if (change.status) out_["status"] = to_string(*change.status);
        if (change.over_capture) out_["over_capture"] = to_string(*change.over_capture);
        if (change.name) out_["name"] = *change.name;
        if (change.metadata) put_metadata(out_, *change.metadata);
        for (const auto& limit : change.overdraft_limits) {
            ordered_json line;
            put_amount(line, limit.asset, limit.limit);
            out_["overdraft_limits"].push_back(std::move(line));
        }
    }
    void operator()(const ledger::GrantAdded& change) {
        const auto& grant = change.grant;
        out_["grant"] = grant.id.text();
        put_amount(out_, grant.asset, grant.remaining);
        out_["kind"] = to_string(grant.kind);
        out_["priority"] = grant.priority;
        out_["status"] = to_string(grant.status);
        out_["effective_at"] = time_json(grant.effective_at);
        out_["expires_at"] = time_json(grant.expires_at);
        put_metadata(out_, change.metadata);
    }
    void operator()(const ledger::GrantChanged& change) {
        out_["grant"] = change.grant.text();
        out_["status"] = to_string(change.status);
    }
    void operator()(const ledger::AuthorizationOpened& change) {
        out_["authorization"] = change.authorization.text();
        out_["expires_at"] = time_json(change.expires_at);
        put_text(out_, "description", change.description);
        put_metadata(out_, change.metadata);
    }
    void operator()(const ledger::AuthorizationChanged& change) {
        out_["authorization"] = change.authorization.text();
        out_["status"] = to_string(change.status);
        out_["expires_at"] = time_json(change.expires_at);
        if (change.late) out_["late"] = true;
        if (change.settled) out_["settled"] = true;
    }
    void operator()(const ledger::DebitPosted& change) {
        out_["debit"] = change.debit.text();
        put_text(out_, "description", change.description);
        put_metadata(out_, change.metadata);
    }

    void put_posting(const ledger::Posting& posting) {
        ordered_json line = {
            {"source", to_string(posting.source)}, {"destination", to_string(posting.destination)}};
        put_amount(line, posting.asset, posting.amount);
        if (!posting.grant.is_nil()) line["grant"] = posting.grant.text();
        out_["postings"].push_back(std::move(line));
    }

  private:
    void put_amount(ordered_json& line, ledger::AssetIndex index, Amount amount) {
        if (index.value < assets_.size()) {
            const auto& asset = assets_.at(index);
            line["asset"] = asset.code;
            line["amount"] = amount.to_string(asset.scale);
        } else {
            line["asset_index"] = index.value;
            line["units"] = units_text(amount);
        }
    }

    ordered_json& out_;
    const ledger::AssetCatalogue& assets_;
};

ordered_json RecordPrinter::print(Lsn lsn, Epoch epoch, const engine::Record& record) {
    const auto& mutation = record.mutation;
    if (const auto* created = std::get_if<ledger::AssetCreated>(&mutation.change)) {
        // After a gap the indexes do not fit, and then amounts are printed as units.
        const bool follows = created->asset.index.value == assets_.size();
        if (follows && assets_.find(created->asset.code) == nullptr) assets_.add(created->asset);
    }
    ordered_json out = {
        {"lsn", lsn.value},
        {"epoch", epoch.value},
        {"at", time_json(mutation.at)},
        {"change", ledger::kind_of(mutation.change)}};
    if (!mutation.wallet.text().empty()) out["wallet"] = mutation.wallet.text();
    Writer writer(out, assets_);
    std::visit(writer, mutation.change);
    for (const auto& posting : mutation.postings) writer.put_posting(posting);
    if (record.key) {
        out["idempotency"] = {
            {"digest", hexadecimal(record.key->digest)},
            {"fingerprint", hexadecimal(record.key->fingerprint)},
            {"outcome", to_string(record.receipt.outcome)}};
    }
    return out;
}

}  // namespace faregate::cli
