#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "faregate/core/result.h"
#include "faregate/core/time.h"
#include "faregate/rating/price.h"

namespace faregate::rating {

struct CompiledVersion;
struct BookContent;
class RowTable;

/// A version of a product, checked and indexed. Immutable, so any number of threads and books may
/// share it.
///
/// Which row of a component prices an event:
/// 1. A row applies if each dimension that it names has that value, the event's time is in
///    [from, until) and in the daily window if there is one. An event without a dimension has no
///    value there: only `*` applies.
/// 2. Of those, the row with the most named dimensions; then the one that names the leftmost
///    dimension in which they differ.
/// 3. Of those (their matches are the same): one with a daily window before one without; then
///    the latest `from`. Two rows that could still tie are refused by compile().
///
/// The search takes one look-up for each combination of named dimensions that occurs, however
/// many rows there are, and then goes over the dated rows of one match, at most rows_per_match_max.
class PriceVersion {
  public:
    /// Refuses (invalid_argument) what contradicts itself or is past a limit of price.h, and says
    /// where: "component `input`, row 17: ...", rows counted from 0.
    static Result<std::shared_ptr<const PriceVersion>> compile(VersionDefinition definition);
    ~PriceVersion();
    PriceVersion(const PriceVersion&) = delete;
    PriceVersion& operator=(const PriceVersion&) = delete;

    const VersionDefinition& definition() const noexcept;
    /// For this module.
    const CompiledVersion& compiled() const noexcept { return *compiled_; }

  private:
    explicit PriceVersion(std::unique_ptr<const CompiledVersion> compiled) noexcept;
    const std::unique_ptr<const CompiledVersion> compiled_;
};

/// The prices that hold for one wallet at one time. Refers to the book that it came from.
struct Terms {
    const PriceVersion* version = nullptr;
    const OverrideDefinition* replace = nullptr;
    const RowTable* replaced_rows = nullptr;
    const OverrideDefinition* multiply = nullptr;
};

/// All published versions and overrides at one moment: an immutable snapshot, to be shared as
/// shared_ptr<const PriceBook> and replaced whole by a PriceBookBuilder. Thread-safe.
class PriceBook {
  public:
    /// An empty book.
    PriceBook();
    ~PriceBook();
    PriceBook(const PriceBook&) = delete;
    PriceBook& operator=(const PriceBook&) = delete;

    /// The version in effect at `at`: of those with effective_at <= at, the latest. Null if the
    /// product is unknown or not yet in effect; has_product() tells which.
    const PriceVersion* find(std::string_view product, Timestamp at) const noexcept;
    /// That very version, for what was priced with it before. Null if there is none.
    const PriceVersion* find_version(std::string_view product, std::uint32_t number) const noexcept;
    bool has_product(std::string_view product) const noexcept;

    /// A version of this book with the wallet's overrides at `at`. Costs one look-up, or none if
    /// no wallet has overrides.
    Terms terms(const PriceVersion& version, std::string_view wallet, Timestamp at) const noexcept;

  private:
    friend class PriceBookBuilder;
    explicit PriceBook(std::unique_ptr<const BookContent> content) noexcept;
    const std::unique_ptr<const BookContent> content_;
};

/// Makes the next book out of a book and additions. What does not change is shared, not copied.
/// Not thread-safe. A call that fails changes nothing.
class PriceBookBuilder {
  public:
    PriceBookBuilder();
    explicit PriceBookBuilder(const PriceBook& base);
    ~PriceBookBuilder();

    /// Fails with already_exists if the product has a version of that number, or one that takes
    /// effect at that very time; with invalid_argument if an override that overlaps the version
    /// does not fit it (its component or dimension is gone).
    Status add(const std::shared_ptr<const PriceVersion>& version);

    /// Fails with not_found for an unknown product; with already_exists for a known id; with
    /// invalid_argument if its rows fit one of the versions that it overlaps not, or a second
    /// override of the same kind for this wallet and product overlaps it.
    Status add(OverrideDefinition definition);

    /// Fails with not_found.
    Status remove_override(std::string_view id);

    /// The builder is empty afterwards.
    std::shared_ptr<const PriceBook> build();

  private:
    std::unique_ptr<BookContent> content_;
};

}  // namespace faregate::rating
