// POST /v1/wallets
#include <openssl/rand.h>
#include <openssl/sha.h>

#include "faregate/core/assert.h"
#include "http/render.h"
#include "http/routes/operations.h"

namespace faregate::http {
namespace {

void read(Operation& operation, const RequestBody& body, std::optional<Problem>& fault) {
    ObjectReader reader(body, {"id", "name", "over_capture", "metadata"}, fault);
    ledger::CreateWallet command;
    if (const auto id = reader.optional_text("id", WalletId::length_max)) {
        const auto wallet = WalletId::parse(*id);
        if (!wallet) reader.fail("id", "must be 1 to 128 characters of A-Z a-z 0-9 . _ : @ -");
        if (wallet) command.wallet = *wallet;
        operation.target = *id;
    }
    command.name = reader.text("name", name_characters_max);
    command.over_capture =
        reader.optional_choice("over_capture", ledger::parse_over_capture, "reject, cap or debt")
            .value_or(ledger::OverCapture::cap);
    command.metadata = reader.metadata();
    operation.command = std::move(command);
}

void render(const Operation& operation, const engine::Execution& done, JsonWriter& json) {
    const auto& command = operation.as<ledger::CreateWallet>();
    ledger::Wallet wallet;
    wallet.id = command.wallet;
    wallet.over_capture = command.over_capture;
    wallet.set_labels(command.name, command.metadata);
    wallet.created_at = done.receipt.at;
    write_wallet(json, wallet, ledger::AssetCatalogue(), done.lsn);
}

WalletId wallet_named(const unsigned char* bytes) {
    const std::string_view view(reinterpret_cast<const char*>(bytes), 16);
    return WalletId::trusted("wallet_" + to_base32(*Uid::from_bytes(view)));
}

}  // namespace

void name_wallet(Operation& operation, const std::optional<std::string>& key) {
    auto* ledger_command = std::get_if<ledger::Command>(&operation.command);
    if (ledger_command == nullptr) return;
    auto* command = std::get_if<ledger::CreateWallet>(ledger_command);
    if (command == nullptr || !command->wallet.text().empty()) return;

    unsigned char bytes[SHA256_DIGEST_LENGTH] = {};
    if (key) {
        const std::string text = "faregate wallet\n" + *key;
        SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), bytes);
    } else {
        FG_ASSERT(RAND_bytes(bytes, 16) == 1, "the system has no randomness");
    }
    command->wallet = wallet_named(bytes);
    operation.target = command->wallet.text();
}

constinit const OperationType create_wallet_operation{
    .name = "create_wallet",
    .target_member = "",
    .scope = postgres::Scope::admin,
    .status = 201,
    .read = read,
    .render = render,
};

}  // namespace faregate::http
