#include "faregate/ledger/wallet.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace faregate::ledger {
namespace {

constexpr auto by_asset = [](const Account& account, AssetIndex asset) {
    return account.asset < asset;
};

}  // namespace

bool burns_before(const Grant& a, const Grant& b) noexcept {
    const auto key = [](const Grant& grant) {
        return std::tuple(
            grant.priority, grant.expires_at, grant.kind == GrantKind::paid, grant.effective_at,
            grant.lsn
        );
    };
    return key(a) < key(b);
}

const Wallet::Labels& Wallet::no_labels() noexcept {
    static const Labels none;
    return none;
}

const std::string& Wallet::name() const noexcept {
    return labels_ == nullptr ? no_labels().name : labels_->name;
}

const std::string& Wallet::metadata() const noexcept {
    return labels_ == nullptr ? no_labels().metadata : labels_->metadata;
}

void Wallet::set_labels(std::string name, std::string metadata) {
    const bool any = !name.empty() || !metadata.empty();
    labels_ = any ? std::make_shared<const Labels>(Labels{std::move(name), std::move(metadata)})
                  : nullptr;
}

const Account* Wallet::find_account(AssetIndex asset) const noexcept {
    const auto found = std::lower_bound(accounts.begin(), accounts.end(), asset, by_asset);
    return found != accounts.end() && found->asset == asset ? &*found : nullptr;
}

Account& Wallet::account(AssetIndex asset) {
    const auto found = std::lower_bound(accounts.begin(), accounts.end(), asset, by_asset);
    if (found != accounts.end() && found->asset == asset) return *found;
    Account created;
    created.asset = asset;
    return *accounts.insert(found, created);
}

Amount Wallet::available(AssetIndex asset) const noexcept {
    const Account* account = find_account(asset);
    return account == nullptr ? Amount{} : account->available();
}

const Grant* Wallet::find_grant(GrantId grant_id) const noexcept {
    const auto found = std::find_if(grants.begin(), grants.end(), [&](const Grant& grant) {
        return grant.id == grant_id;
    });
    return found == grants.end() ? nullptr : &*found;
}

Grant* Wallet::find_grant(GrantId grant_id) noexcept {
    return const_cast<Grant*>(std::as_const(*this).find_grant(grant_id));
}

void Wallet::insert_grant(Grant grant) {
    grants.insert(std::upper_bound(grants.begin(), grants.end(), grant, burns_before), grant);
}

}  // namespace faregate::ledger
