#include "support/ledger_script.h"

#include <cstdlib>
#include <map>
#include <optional>
#include <sstream>
#include <vector>

#include "support/ledger_driver.h"

namespace faregate::support {

using namespace ledger;

namespace {

std::vector<std::string> split(const std::string& text, char separator) {
    std::vector<std::string> parts;
    std::string part;
    for (std::istringstream in(text); std::getline(in, part, separator);) parts.push_back(part);
    return parts;
}

std::vector<std::string> words_of(const std::string& text) {
    std::vector<std::string> words;
    std::string word;
    for (std::istringstream in(text); in >> word;) words.push_back(word);
    return words;
}

/// `value` of a word `name=value`, if it is one.
std::optional<std::string> option(const std::string& word, const std::string& name) {
    if (word.rfind(name + "=", 0) != 0) return std::nullopt;
    return word.substr(name.size() + 1);
}

Duration seconds(const std::string& text) { return Duration::seconds(std::atoll(text.c_str())); }

std::vector<RequestedAmount> amounts_of(const std::string& text) {
    std::vector<RequestedAmount> amounts;
    for (const std::string& each : split(text, ',')) {
        const std::size_t colon = each.find(':');
        const bool named = colon != std::string::npos;
        amounts.push_back(
            {named ? each.substr(0, colon) : "USD",
             Decimal::parse(named ? each.substr(colon + 1) : each)}
        );
    }
    return amounts;
}

std::string name_of(Decimal::Fault fault) {
    constexpr const char* names[] = {"none",        "not_a_number",      "too_many_digits",
                                     "negative",    "too_many_decimals", "too_large",
                                     "not_positive"};
    return names[static_cast<std::size_t>(fault)];
}

const char* yes_or_no(bool value) { return value ? "yes" : "no"; }

class Script {
  public:
    /// Runs one line; returns what is wrong with it.
    std::string run(const std::string& line) {
        const auto columns = split(line, '|');
        outcome_.clear();
        const std::string trouble = command(words_of(columns[0]));
        if (!trouble.empty()) return trouble;
        if (!driver_.problem().empty()) return driver_.problem();
        const auto expected = columns.size() > 1 ? words_of(columns[1]) : words_of("");
        if (!expected.empty() && expected[0] != outcome_) return "outcome is " + outcome_;
        if (columns.size() > 2) return expectations(words_of(columns[2]));
        return {};
    }

  private:
    WalletId wallet() const { return WalletId::trusted("acme"); }

    std::string command(const std::vector<std::string>& words);
    void add_grant(const std::vector<std::string>& words);
    void authorize(const std::vector<std::string>& words);
    void capture(const std::vector<std::string>& words);
    void increment(const std::vector<std::string>& words);
    std::string expectations(const std::vector<std::string>& words);
    std::string actual(const std::string& key) const;
    std::string actual_account(AssetIndex asset, const std::string& member) const;
    std::string actual_grant(GrantId id, const std::string& member) const;
    std::string actual_hold(AuthorizationId id, std::string member) const;
    std::string actual_receipt(const std::string& key) const;
    std::string parts_of(const HoldLine& line) const;

    void execute(const Command& command) {
        receipt_ = driver_.execute(command);
        outcome_ = to_string(receipt_.outcome);
    }
    std::string text(Amount amount, AssetIndex asset) const {
        return amount.to_string(driver_.assets().at(asset).scale);
    }
    /// An id that is nobody's, for a name that was not given to anything.
    Uid id(const std::string& name) const {
        const auto found = ids_.find(name);
        return found == ids_.end() ? Uid{~0ULL, hash_wallet(name)} : found->second;
    }
    void remember(const std::string& name) {
        if (receipt_.outcome != Outcome::accepted) return;
        ids_[name] = receipt_.subject;
        names_[receipt_.subject] = name;
    }

    LedgerDriver driver_;
    Receipt receipt_;
    std::string outcome_;
    std::map<std::string, Uid> ids_;
    std::map<Uid, std::string> names_;
};

std::string Script::command(const std::vector<std::string>& words) {
    const std::string& verb = words.at(0);
    const std::string first = words.size() > 1 ? words[1] : "";
    UpdateWallet update;
    update.wallet = wallet();
    if (verb == "wallet") {
        execute(CreateWallet{wallet(), "", parse_over_capture(first).value_or(OverCapture::cap), ""}
        );
    } else if (verb == "policy") {
        update.over_capture = parse_over_capture(first).value();
        execute(update);
    } else if (verb == "freeze" || verb == "unfreeze") {
        update.status = verb == "freeze" ? WalletStatus::frozen : WalletStatus::active;
        execute(update);
    } else if (verb == "limit") {
        update.overdraft_limits = amounts_of(first);
        execute(update);
    } else if (verb == "grant") {
        add_grant(words);
    } else if (verb == "revoke") {
        execute(RevokeGrant{GrantId{id(first)}});
    } else if (verb == "authorize" || verb == "dry_run") {
        authorize(words);
    } else if (verb == "capture") {
        capture(words);
    } else if (verb == "void") {
        execute(Void{AuthorizationId{id(first)}});
    } else if (verb == "increment") {
        increment(words);
    } else if (verb == "debit") {
        execute(Debit{wallet(), amounts_of(first), "", ""});
    } else if (verb == "advance") {
        driver_.advance_to(driver_.now() + seconds(first));
    } else {
        return "no such command";
    }
    return {};
}

void Script::add_grant(const std::vector<std::string>& words) {
    AddGrant grant;
    grant.wallet = wallet();
    grant.amount = amounts_of(words.at(2)).at(0);
    for (const std::string& word : words) {
        if (const auto kind = parse_grant_kind(word)) grant.kind = *kind;
        if (const auto value = option(word, "p")) {
            grant.priority = static_cast<std::uint8_t>(std::atoi(value->c_str()));
        }
        if (const auto value = option(word, "from")) {
            grant.effective_at = driver_.now() + seconds(*value);
        }
        if (const auto value = option(word, "until")) {
            grant.expires_at = driver_.now() + seconds(*value);
        }
    }
    execute(grant);
    remember(words[1]);
}

void Script::authorize(const std::vector<std::string>& words) {
    Authorize authorize;
    authorize.wallet = wallet();
    authorize.dry_run = words[0] == "dry_run";
    authorize.amounts = amounts_of(words.at(authorize.dry_run ? 1 : 2));
    for (const std::string& word : words) {
        if (const auto value = option(word, "ttl")) authorize.ttl = seconds(*value);
    }
    execute(authorize);
    if (!authorize.dry_run) remember(words[1]);
}

void Script::capture(const std::vector<std::string>& words) {
    Capture capture;
    capture.authorization = AuthorizationId{id(words.at(1))};
    for (std::size_t i = 2; i < words.size(); ++i) {
        if (words[i] == "partial") {
            capture.final = false;
        } else {
            capture.amounts = amounts_of(words[i]);
        }
    }
    execute(capture);
}

void Script::increment(const std::vector<std::string>& words) {
    Increment increment;
    increment.authorization = AuthorizationId{id(words.at(1))};
    for (std::size_t i = 2; i < words.size(); ++i) {
        if (const auto value = option(words[i], "ttl")) {
            increment.ttl = seconds(*value);
        } else {
            increment.amounts = amounts_of(words[i]);
        }
    }
    execute(increment);
}

std::string Script::expectations(const std::vector<std::string>& words) {
    std::string wrong;
    for (const std::string& word : words) {
        const std::size_t equals = word.find('=');
        const std::string key = equals == std::string::npos ? "USD" : word.substr(0, equals);
        const std::string expected = equals == std::string::npos ? word : word.substr(equals + 1);
        const std::string found = actual(key);
        if (found != expected) wrong += key + " is " + found + ", not " + expected + "; ";
    }
    return wrong;
}

std::string Script::actual(const std::string& key) const {
    const std::size_t dot = key.find('.');
    const std::string name = key.substr(0, dot);
    const std::string member = dot == std::string::npos ? "" : key.substr(dot + 1);
    if (const auto found = ids_.find(name); found != ids_.end()) {
        const AuthorizationId hold{found->second};
        if (driver_.authorizations().count(hold) != 0) return actual_hold(hold, member);
        return actual_grant(GrantId{found->second}, member);
    }
    for (const char* of_receipt :
         {"moved", "short", "released", "requested", "fault", "at_fault", "expires"}) {
        if (key == of_receipt || member == of_receipt) return actual_receipt(key);
    }
    const Asset* asset = driver_.assets().find(name);
    return asset != nullptr ? actual_account(asset->index, member)
                            : actual_account(AssetIndex{0}, key);
}

std::string Script::actual_account(AssetIndex asset, const std::string& member) const {
    const Account* found =
        driver_.wallet() == nullptr ? nullptr : driver_.wallet()->find_account(asset);
    const Account account = found == nullptr ? Account{} : *found;
    const Flows flows = driver_.flows(asset);
    if (member.empty()) {
        return text(account.posted, asset) + "/" + text(account.held, asset) + "/" +
               text(account.available(), asset);
    }
    if (member == "debt") return text(account.debt, asset);
    if (member == "odheld") return text(account.overdraft_held, asset);
    if (member == "limit") return text(account.overdraft_limit, asset);
    if (member == "issued") return text(flows.issued, asset);
    if (member == "revenue") return text(flows.revenue, asset);
    if (member == "breakage") return text(flows.breakage, asset);
    return "unknown";
}

std::string Script::actual_grant(GrantId id, const std::string& member) const {
    const Grant* grant = driver_.wallet()->find_grant(id);
    if (member == "status") return grant == nullptr ? "gone" : to_string(grant->status);
    if (grant == nullptr) return "gone";
    return text(grant->remaining, grant->asset) + "/" + text(grant->held, grant->asset);
}

std::string Script::actual_hold(AuthorizationId id, std::string member) const {
    const Authorization& hold = driver_.authorizations().at(id);
    if (member == "status") return to_string(hold.status);
    if (member == "late") return yes_or_no(hold.late);
    if (member == "settled") return yes_or_no(hold.settled);
    if (member == "ttl") {
        return std::to_string((hold.expires_at - driver_.now()).microseconds / 1'000'000);
    }
    const Asset* asset = driver_.assets().find(member.substr(0, member.find('.')));
    if (asset != nullptr) member.erase(0, asset->code.size() + 1);
    const AssetIndex index = asset == nullptr ? AssetIndex{0} : asset->index;
    const HoldLine* line = hold.find_line(index);
    if (line == nullptr) return "none";
    if (member == "parts") return parts_of(*line);
    return text(line->authorized, index) + "/" + text(line->captured, index) + "/" +
           text(line->held, index);
}

std::string Script::parts_of(const HoldLine& line) const {
    std::string parts;
    for (const HoldPart& part : line.parts) {
        if (part.amount.is_zero()) continue;
        if (!parts.empty()) parts += ",";
        parts += part.grant.is_nil() ? "credit" : names_.at(part.grant.uid);
        parts += ":" + text(part.amount, line.asset);
    }
    return parts.empty() ? "none" : parts;
}

std::string Script::actual_receipt(const std::string& key) const {
    if (key == "fault") return name_of(receipt_.fault);
    if (key == "at_fault") return receipt_.fault_asset;
    if (key == "expires") {
        return std::to_string((receipt_.expires_at - driver_.now()).microseconds / 1'000'000);
    }
    const std::size_t dot = key.find('.');
    const std::string code = dot == std::string::npos ? "USD" : key.substr(0, dot);
    const std::string member = dot == std::string::npos ? key : key.substr(dot + 1);
    for (const ReceiptLine& line : receipt_.lines) {
        if (driver_.assets().at(line.asset).code != code) continue;
        if (member == "moved") return text(line.moved, line.asset);
        if (member == "short") return text(line.shortfall, line.asset);
        if (member == "released") return text(line.released, line.asset);
        if (member == "requested") return text(line.requested, line.asset);
    }
    return "none";
}

}  // namespace

std::string run_ledger_script(std::string_view table) {
    Script script;
    std::string report;
    for (const std::string& line : split(std::string(table), '\n')) {
        const auto words = words_of(line);
        if (words.empty() || words[0][0] == '#') continue;
        const std::string wrong = script.run(line);
        if (!wrong.empty()) report += "\n" + line + "\n    -> " + wrong;
    }
    return report;
}

}  // namespace faregate::support
