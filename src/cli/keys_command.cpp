#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/exit_code.h"
#include "cli/setting_options.h"
#include "cli/table.h"
#include "cli/validators.h"
#include "faregate/postgres/keys.h"

namespace faregate::cli {
namespace {

using nlohmann::ordered_json;

struct KeysOptions {
    explicit KeysOptions(CLI::App& command) : settings(command) { settings.add_database(); }

    SettingOptions settings;
    bool json = false;
    std::string name;
    std::vector<std::string> scopes;
    std::string id;
};
using KeysOptionsPtr = std::shared_ptr<KeysOptions>;

std::vector<std::string> scope_names(std::uint8_t scopes) {
    std::vector<std::string> names;
    for (const auto scope :
         {postgres::Scope::authorize, postgres::Scope::read, postgres::Scope::admin}) {
        if ((scopes & static_cast<std::uint8_t>(scope)) != 0) names.push_back(to_string(scope));
    }
    return names;
}

ordered_json to_json(const postgres::ApiKey& key) {
    ordered_json json = {
        {"id", key.id},
        {"name", key.name},
        {"scopes", scope_names(key.scopes)},
        {"created_at", key.created_at},
        {"revoked_at", nullptr}};
    if (key.revoked_at) json["revoked_at"] = *key.revoked_at;
    return json;
}

Result<std::string> database_of(KeysOptions& options) {
    FG_TRY(options.settings.resolve());
    FG_TRY(options.settings.require_database());
    return options.settings.settings().database_url;
}

Result<int> create(KeysOptions& options) {
    FG_TRY_ASSIGN(const auto database, database_of(options));
    int scopes = 0;
    for (const auto& name : options.scopes) {
        scopes |= static_cast<int>(postgres::parse_scope(name).value_or(postgres::Scope::read));
    }
    FG_TRY_ASSIGN(
        const auto created,
        postgres::create_key(database, options.name, static_cast<std::uint8_t>(scopes))
    );
    if (options.json) {
        auto json = to_json(created.key);
        json["secret"] = created.secret;
        fmt::print("{}\n", json.dump());
        return exit_ok;
    }
    fmt::print(
        "id      {}\nname    {}\nscopes  {}\nsecret  {}\n\n"
        "The secret is shown this once and stored nowhere. Use it as: Authorization: Bearer {}\n",
        created.key.id, created.key.name, fmt::join(scope_names(created.key.scopes), ","),
        created.secret, created.secret
    );
    return exit_ok;
}

Result<int> list(KeysOptions& options) {
    FG_TRY_ASSIGN(const auto database, database_of(options));
    FG_TRY_ASSIGN(const auto keys, postgres::list_keys(database));
    if (options.json) {
        auto data = ordered_json::array();
        for (const auto& key : keys) data.push_back(to_json(key));
        fmt::print("{}\n", data.dump());
        return exit_ok;
    }
    if (keys.empty()) {
        fmt::print("There are no keys. Make one: faregate keys create --name api --scope admin\n");
        return exit_ok;
    }
    std::vector<std::vector<std::string>> rows = {{"ID", "NAME", "SCOPES", "CREATED", "REVOKED"}};
    for (const auto& key : keys) {
        rows.push_back(
            {key.id, key.name, fmt::format("{}", fmt::join(scope_names(key.scopes), ",")),
             key.created_at, key.revoked_at.value_or("-")}
        );
    }
    fmt::print("{}", format_table(rows));
    return exit_ok;
}

Result<int> revoke(KeysOptions& options) {
    FG_TRY_ASSIGN(const auto database, database_of(options));
    FG_TRY(postgres::revoke_key(database, options.id));
    if (options.json) {
        fmt::print("{}\n", ordered_json({{"id", options.id}, {"revoked", true}}).dump());
    } else {
        fmt::print("{} is revoked; a running server notices within seconds\n", options.id);
    }
    return exit_ok;
}

KeysOptionsPtr add_command(
    CLI::App& keys, Action& action, const char* name, const char* description,
    Result<int> (*run)(KeysOptions&)
) {
    auto* command = keys.add_subcommand(name, description);
    auto options = std::make_shared<KeysOptions>(*command);
    command->add_flag("--json", options->json, "Print JSON, for machines");
    command->callback([&action, options, run] { action = [options, run] { return run(*options); }; }
    );
    return options;
}

}  // namespace

void add_keys_command(CLI::App& program, Action& action) {
    auto* keys = program.add_subcommand("keys", "Create, list and revoke API keys");
    keys->require_subcommand(1);

    auto created =
        add_command(*keys, action, "create", "Create a key and print its secret", create);
    auto* command = keys->get_subcommand("create");
    command->add_option("--name", created->name, "What the key is for")->required();
    command->add_option("--scope", created->scopes, "authorize, read or admin; may be repeated")
        ->required()
        ->check(one_of({"authorize", "read", "admin"}))
        ->type_name("SCOPE")
        ->type_size(1)
        ->expected(1, 3);

    add_command(*keys, action, "list", "List all keys, revoked ones too", list);

    auto revoked = add_command(*keys, action, "revoke", "Revoke a key", revoke);
    keys->get_subcommand("revoke")
        ->add_option("id", revoked->id, "The key's id, key_...")
        ->required();
}

}  // namespace faregate::cli
