#include "faregate/rating/price_book.h"

#include <algorithm>
#include <map>
#include <vector>

#include "faregate/core/assert.h"
#include "rating/compiled.h"

namespace faregate::rating {

/// An override, with its rows against each version that they fit.
struct CompiledOverride {
    std::shared_ptr<const OverrideDefinition> definition;
    std::map<std::uint32_t, std::shared_ptr<const RowTable>> tables;
};
using Overrides = std::vector<std::shared_ptr<const CompiledOverride>>;
using Versions = std::vector<std::shared_ptr<const PriceVersion>>;

struct BookContent {
    TextMap<std::shared_ptr<const Versions>> products;          ///< Ordered by effective_at.
    TextMap<std::shared_ptr<const Overrides>> overrides;        ///< By wallet; none is empty.
    std::map<std::string, std::string, std::less<>> wallet_of;  ///< The wallet of an override's id.
};

namespace {

bool takes_effect_before(Timestamp at, const std::shared_ptr<const PriceVersion>& version) {
    return at < version->definition().effective_at;
}

bool in_effect(const OverrideDefinition& override, Timestamp at) {
    return override.from <= at && at < override.until;
}

bool overlap(const OverrideDefinition& a, const OverrideDefinition& b) {
    return a.from < b.until && b.from < a.until;
}

/// The rows of an override against all versions of its product.
Result<std::map<std::uint32_t, std::shared_ptr<const RowTable>>> compile_against(
    const Versions& versions, const OverrideDefinition& override,
    const std::map<std::uint32_t, std::shared_ptr<const RowTable>>& known
) {
    std::map<std::uint32_t, std::shared_ptr<const RowTable>> tables;
    const auto* replace = std::get_if<Replace>(&override.effect);
    if (replace == nullptr) return tables;
    for (std::size_t i = 0; i < versions.size(); ++i) {
        const VersionDefinition& version = versions[i]->definition();
        if (const auto had = known.find(version.number); had != known.end()) {
            tables.insert(*had);
            continue;
        }
        auto table = compile_override(versions[i]->compiled(), *replace);
        if (table) {
            tables.emplace(version.number, std::move(*table));
            continue;
        }
        const bool ends_before =
            i + 1 < versions.size() && versions[i + 1]->definition().effective_at <= override.from;
        if (ends_before || version.effective_at >= override.until) continue;
        return failure(
            table.error().code, "override `" + override.id + "` does not fit version " +
                                    std::to_string(version.number) + " of product `" +
                                    version.product + "`: " + table.error().message
        );
    }
    return tables;
}

}  // namespace

PriceBook::PriceBook() : PriceBook(std::make_unique<const BookContent>()) {}
PriceBook::PriceBook(std::unique_ptr<const BookContent> content) noexcept
    : content_(std::move(content)) {}
PriceBook::~PriceBook() = default;

const PriceVersion* PriceBook::find(std::string_view product, Timestamp at) const noexcept {
    const auto found = content_->products.find(product);
    if (found == content_->products.end()) return nullptr;
    const Versions& versions = *found->second;
    const auto next = std::upper_bound(versions.begin(), versions.end(), at, takes_effect_before);
    return next == versions.begin() ? nullptr : std::prev(next)->get();
}

const PriceVersion* PriceBook::find_version(std::string_view product, std::uint32_t number)
    const noexcept {
    const auto found = content_->products.find(product);
    if (found == content_->products.end()) return nullptr;
    for (const auto& version : *found->second) {
        if (version->definition().number == number) return version.get();
    }
    return nullptr;
}

bool PriceBook::has_product(std::string_view product) const noexcept {
    return content_->products.contains(product);
}

Terms PriceBook::terms(const PriceVersion& version, std::string_view wallet, Timestamp at)
    const noexcept {
    Terms terms;
    terms.version = &version;
    if (content_->overrides.empty()) return terms;
    const auto found = content_->overrides.find(wallet);
    if (found == content_->overrides.end()) return terms;
    const VersionDefinition& definition = version.definition();
    for (const auto& override : *found->second) {
        const OverrideDefinition& its = *override->definition;
        if (its.product != definition.product || !in_effect(its, at)) continue;
        if (std::holds_alternative<Multiply>(its.effect)) {
            terms.multiply = &its;
        } else if (const auto table = override->tables.find(definition.number);
                   table != override->tables.end()) {
            terms.replace = &its;
            terms.replaced_rows = table->second.get();
        }
    }
    return terms;
}

PriceBookBuilder::PriceBookBuilder() : content_(std::make_unique<BookContent>()) {}
PriceBookBuilder::PriceBookBuilder(const PriceBook& base)
    : content_(std::make_unique<BookContent>(*base.content_)) {}
PriceBookBuilder::~PriceBookBuilder() = default;

Status PriceBookBuilder::add(const std::shared_ptr<const PriceVersion>& version) {
    const VersionDefinition& definition = version->definition();
    const auto known = content_->products.find(definition.product);
    Versions versions;
    if (known != content_->products.end()) versions = *known->second;
    for (const auto& other : versions) {
        const VersionDefinition& its = other->definition();
        const char* clash = its.number == definition.number               ? "that number"
                            : its.effective_at == definition.effective_at ? "that effective time"
                                                                          : nullptr;
        if (clash == nullptr) continue;
        return failure(
            ErrorCode::already_exists, "product `" + definition.product + "`, version " +
                                           std::to_string(definition.number) + ": version " +
                                           std::to_string(its.number) + " has " + clash
        );
    }
    versions.insert(
        std::upper_bound(
            versions.begin(), versions.end(), definition.effective_at, takes_effect_before
        ),
        version
    );
    // The overrides of this product must fit; all of them, before anything is changed.
    std::vector<std::pair<std::string, std::shared_ptr<const Overrides>>> changed;
    const auto of_product = [&definition](const auto& override) {
        return override->definition->product == definition.product;
    };
    for (const auto& [wallet, overrides] : content_->overrides) {
        if (std::none_of(overrides->begin(), overrides->end(), of_product)) continue;
        Overrides renewed;
        for (const auto& override : *overrides) {
            renewed.push_back(override);
            if (!of_product(override)) continue;
            CompiledOverride with_version{override->definition, {}};
            FG_TRY_ASSIGN(
                with_version.tables,
                compile_against(versions, *override->definition, override->tables)
            );
            renewed.back() = std::make_shared<const CompiledOverride>(std::move(with_version));
        }
        changed.emplace_back(wallet, std::make_shared<const Overrides>(std::move(renewed)));
    }
    for (auto& [wallet, overrides] : changed) content_->overrides[wallet] = std::move(overrides);
    content_->products[definition.product] = std::make_shared<const Versions>(std::move(versions));
    return {};
}

Status PriceBookBuilder::add(OverrideDefinition definition) {
    const std::string place = "override `" + definition.id + "`: ";
    if (!is_name(definition.id)) {
        return failure(ErrorCode::invalid_argument, place + "its id is no name");
    }
    if (content_->wallet_of.contains(definition.id)) {
        return failure(ErrorCode::already_exists, place + "there is one with this id");
    }
    const auto product = content_->products.find(definition.product);
    if (product == content_->products.end()) {
        return failure(
            ErrorCode::not_found, place + "there is no product `" + definition.product + "`"
        );
    }
    if (definition.from >= definition.until) {
        return failure(ErrorCode::invalid_argument, place + "`until` must be after `from`");
    }
    Overrides overrides;
    const auto known = content_->overrides.find(definition.wallet.text());
    if (known != content_->overrides.end()) overrides = *known->second;
    for (const auto& other : overrides) {
        const OverrideDefinition& its = *other->definition;
        if (its.product == definition.product && overlap(its, definition) &&
            its.effect.index() == definition.effect.index()) {
            return failure(
                ErrorCode::invalid_argument, place + "overlaps `" + its.id + "` of the same kind"
            );
        }
    }
    CompiledOverride compiled{
        std::make_shared<const OverrideDefinition>(std::move(definition)), {}};
    FG_TRY_ASSIGN(compiled.tables, compile_against(*product->second, *compiled.definition, {}));
    const std::string& wallet = compiled.definition->wallet.text();
    content_->wallet_of.emplace(compiled.definition->id, wallet);
    overrides.push_back(std::make_shared<const CompiledOverride>(compiled));
    content_->overrides[wallet] = std::make_shared<const Overrides>(std::move(overrides));
    return {};
}

Status PriceBookBuilder::remove_override(std::string_view id) {
    const auto known = content_->wallet_of.find(id);
    if (known == content_->wallet_of.end()) {
        return failure(
            ErrorCode::not_found, "override `" + std::string(id) + "`: there is none with this id"
        );
    }
    const auto place = content_->overrides.find(known->second);
    FG_ASSERT(place != content_->overrides.end(), "an override's wallet has overrides");
    Overrides rest = *place->second;
    std::erase_if(rest, [id](const auto& override) { return override->definition->id == id; });
    if (rest.empty()) {
        content_->overrides.erase(place);
    } else {
        place->second = std::make_shared<const Overrides>(std::move(rest));
    }
    content_->wallet_of.erase(known);
    return {};
}

std::shared_ptr<const PriceBook> PriceBookBuilder::build() {
    auto content = std::exchange(content_, std::make_unique<BookContent>());
    return std::shared_ptr<const PriceBook>(new PriceBook(std::move(content)));
}

}  // namespace faregate::rating
