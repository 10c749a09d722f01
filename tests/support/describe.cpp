#include "support/describe.h"

#include <sstream>

namespace faregate::support {

using namespace ledger;

namespace {

std::string text(Amount amount) { return amount.to_string(0); }
std::string text(Timestamp at) { return at.is_never() ? "never" : std::to_string(at.microseconds); }
std::string text(AssetIndex asset) { return "#" + std::to_string(asset.value); }
std::string text(Uid uid) { return uid.is_nil() ? "nil" : to_base32(uid); }
template <typename Kind>
std::string text(TypedId<Kind> id) {
    return text(id.uid);
}

std::string describe_posting(const Posting& posting) {
    return "  posting " + text(posting.asset) + " " + to_string(posting.source) + " -> " +
           to_string(posting.destination) + " " + text(posting.amount) + " grant " +
           text(posting.grant) + "\n";
}

struct DescribeChange {
    std::ostringstream& out;

    void operator()(const Declined&) const {}
    void operator()(const AssetCreated& change) const { out << describe(change.asset); }
    void operator()(const WalletCreated& change) const {
        out << "  name '" << change.name << "' policy " << to_string(change.over_capture)
            << " metadata '" << change.metadata << "'\n";
    }
    void operator()(const WalletUpdated& change) const {
        if (change.status) out << "  status " << to_string(*change.status) << "\n";
        if (change.over_capture) out << "  policy " << to_string(*change.over_capture) << "\n";
        if (change.name) out << "  name '" << *change.name << "'\n";
        if (change.metadata) out << "  metadata '" << *change.metadata << "'\n";
        for (const OverdraftLimit& limit : change.overdraft_limits) {
            out << "  limit " << text(limit.asset) << " " << text(limit.limit) << "\n";
        }
    }
    void operator()(const GrantAdded& change) const {
        out << describe(change.grant) << "  metadata '" << change.metadata << "'\n";
    }
    void operator()(const GrantChanged& change) const {
        out << "  grant " << text(change.grant) << " " << to_string(change.status) << "\n";
    }
    void operator()(const AuthorizationOpened& change) const {
        out << "  authorization " << text(change.authorization) << " until "
            << text(change.expires_at) << " '" << change.description << "' '" << change.metadata
            << "'\n";
    }
    void operator()(const AuthorizationChanged& change) const {
        out << "  authorization " << text(change.authorization) << " " << to_string(change.status)
            << " until " << text(change.expires_at) << " late " << change.late << " settled "
            << change.settled << "\n";
    }
    void operator()(const DebitPosted& change) const {
        out << "  debit " << text(change.debit) << " '" << change.description << "' '"
            << change.metadata << "'\n";
    }
};

}  // namespace

std::string describe(const Asset& asset) {
    std::ostringstream out;
    out << "asset " << text(asset.index) << " " << asset.code << " scale " << int{asset.scale}
        << " '" << asset.name << "' '" << asset.symbol << "' created " << text(asset.created_at)
        << " lsn " << asset.lsn.value << "\n";
    return out.str();
}

std::string describe(const Grant& grant) {
    std::ostringstream out;
    out << "  grant " << text(grant.id) << " " << text(grant.asset) << " remaining "
        << text(grant.remaining) << " held " << text(grant.held) << " " << to_string(grant.kind)
        << " priority " << int{grant.priority} << " from " << text(grant.effective_at) << " until "
        << text(grant.expires_at) << " " << to_string(grant.status) << " lsn " << grant.lsn.value
        << "\n";
    return out.str();
}

std::string describe(const Wallet& wallet) {
    std::ostringstream out;
    out << "wallet " << wallet.id.text() << " created " << text(wallet.created_at) << " lsn "
        << wallet.lsn.value << " " << to_string(wallet.status) << " "
        << to_string(wallet.over_capture) << " '" << wallet.name() << "' '" << wallet.metadata()
        << "'\n";
    for (const Account& account : wallet.accounts) {
        out << "  account " << text(account.asset) << " posted " << text(account.posted) << " held "
            << text(account.held) << " limit " << text(account.overdraft_limit) << " debt "
            << text(account.debt) << " overdraft_held " << text(account.overdraft_held) << "\n";
    }
    for (const Grant& grant : wallet.grants) out << describe(grant);
    return out.str();
}

std::string describe(const Authorization& authorization) {
    std::ostringstream out;
    out << "authorization " << text(authorization.id) << " of " << authorization.wallet.text()
        << " " << to_string(authorization.status) << " late " << authorization.late << " settled "
        << authorization.settled << " created " << text(authorization.created_at) << " until "
        << text(authorization.expires_at) << " closed " << text(authorization.closed_at) << " '"
        << authorization.description << "' '" << authorization.metadata << "'\n";
    for (const HoldLine& line : authorization.lines) {
        out << "  line " << text(line.asset) << " authorized " << text(line.authorized)
            << " captured " << text(line.captured) << " held " << text(line.held);
        for (const HoldPart& part : line.parts) {
            out << " [" << text(part.grant) << " " << text(part.amount) << "]";
        }
        out << "\n";
    }
    return out.str();
}

std::string describe(const Mutation& mutation) {
    std::ostringstream out;
    out << kind_of(mutation.change) << " of '" << mutation.wallet.text() << "' at "
        << text(mutation.at) << "\n";
    std::visit(DescribeChange{out}, mutation.change);
    for (const Posting& posting : mutation.postings) out << describe_posting(posting);
    return out.str();
}

std::string describe(const Receipt& receipt) {
    std::ostringstream out;
    out << to_string(receipt.outcome) << " at " << text(receipt.at) << " wallet '"
        << receipt.wallet.text() << "' subject " << text(receipt.subject) << " created "
        << text(receipt.created_at) << " until " << text(receipt.expires_at) << " from "
        << text(receipt.effective_at) << " " << to_string(receipt.authorization_status) << " "
        << to_string(receipt.grant_status) << " late " << receipt.late << " fault "
        << static_cast<int>(receipt.fault) << " '" << receipt.fault_asset << "'\n";
    for (const ReceiptLine& line : receipt.lines) {
        out << "  " << text(line.asset) << " requested " << text(line.requested) << " moved "
            << text(line.moved) << " released " << text(line.released) << " short "
            << text(line.shortfall) << " available " << text(line.available) << " authorized "
            << text(line.authorized) << " captured " << text(line.captured) << " held "
            << text(line.held) << "\n";
    }
    return out.str();
}

}  // namespace faregate::support
