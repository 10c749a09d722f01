#include <gtest/gtest.h>

#include "support/price_list.h"

namespace faregate::support {
namespace {

/// A version that costs `amount` per event.
VersionDefinition version(std::uint32_t number_of, const char* effective_at, const char* amount) {
    auto result = definition({component("requests", "", {row(Flat{number(amount)})})});
    result.number = number_of;
    result.effective_at = time(effective_at);
    result.dimensions = {"model"};
    return result;
}

OverrideDefinition override_of(const char* id, const char* wallet) {
    OverrideDefinition result;
    result.id = id;
    result.wallet = WalletId::trusted(wallet);
    result.product = "llm";
    return result;
}

OverrideDefinition multiply(const char* id, const char* wallet, const char* rate) {
    auto result = override_of(id, wallet);
    result.effect = Multiply{number(rate)};
    return result;
}

OverrideDefinition replace(
    const char* id, const char* wallet, const char* amount, std::vector<DimensionValue> match = {}
) {
    auto result = override_of(id, wallet);
    result.effect = Replace{{{"requests", {row(Flat{number(amount)}, std::move(match))}}}};
    return result;
}

std::string cost_in(
    const PriceBook& book, const char* wallet, Timestamp at = noon, const Properties& event = {}
) {
    const PriceVersion* found = book.find("llm", at);
    if (found == nullptr) return "none";
    return price(book.terms(*found, wallet, at), event, at).text();
}

class PriceBookTest : public testing::Test {
  protected:
    PriceBookTest() {
        add(version(1, "2026-01-01T00:00:00Z", "1"));
        add(version(2, "2026-06-01T00:00:00Z", "2"));
    }
    void add(VersionDefinition source) {
        ASSERT_TRUE(builder_.add(compile(std::move(source))).has_value());
    }
    std::string refused(OverrideDefinition source) {
        const Status status = builder_.add(std::move(source));
        return status ? "" : status.error().message;
    }

    PriceBookBuilder builder_;
};

TEST_F(PriceBookTest, TheLatestEffectiveVersionIsFound) {
    const auto book = builder_.build();
    EXPECT_EQ(book->find("llm", time("2025-12-31T23:59:59Z")), nullptr);
    EXPECT_EQ(book->find("llm", time("2026-01-01T00:00:00Z"))->definition().number, 1U);
    EXPECT_EQ(book->find("llm", time("2026-05-31T23:59:59.999999Z"))->definition().number, 1U);
    EXPECT_EQ(book->find("llm", time("2026-06-01T00:00:00Z"))->definition().number, 2U);
    EXPECT_EQ(book->find("other", noon), nullptr);
    EXPECT_TRUE(book->has_product("llm"));
    EXPECT_FALSE(book->has_product("other"));
}

TEST_F(PriceBookTest, AVersionIsFoundByItsNumberWhateverIsInEffect) {
    const auto book = builder_.build();
    EXPECT_EQ(book->find_version("llm", 2)->definition().number, 2U);
    EXPECT_EQ(book->find_version("llm", 3), nullptr);
    EXPECT_EQ(book->find_version("other", 1), nullptr);
}

TEST_F(PriceBookTest, AnEarlierBookStaysAsItIs) {
    const auto before = builder_.build();
    PriceBookBuilder next(*before);
    ASSERT_TRUE(next.add(compile(version(3, "2026-03-01T00:00:00Z", "3"))).has_value());
    const auto after = next.build();
    EXPECT_EQ(cost_in(*before, "acme"), "1");
    EXPECT_EQ(cost_in(*after, "acme"), "3");
    EXPECT_EQ(before->find_version("llm", 1), after->find_version("llm", 1));
}

TEST_F(PriceBookTest, TwoVersionsWithOneNumberOrOneTimeAreRefused) {
    const Status number_again = builder_.add(compile(version(2, "2027-01-01T00:00:00Z", "1")));
    EXPECT_EQ(number_again.error().code, ErrorCode::already_exists);
    const Status time_again = builder_.add(compile(version(3, "2026-06-01T00:00:00Z", "1")));
    EXPECT_EQ(
        time_again.error().message, "product `llm`, version 3: version 2 has that effective time"
    );
}

TEST_F(PriceBookTest, ARateMultipliesTheListForItsWalletAndTime) {
    auto tenth_off = multiply("o1", "acme", "0.9");
    tenth_off.until = time("2026-07-01T00:00:00Z");
    ASSERT_EQ(refused(tenth_off), "");
    const auto book = builder_.build();
    EXPECT_EQ(cost_in(*book, "acme"), "0.9");
    EXPECT_EQ(cost_in(*book, "other"), "1");
    EXPECT_EQ(cost_in(*book, "acme", time("2026-06-30T23:59:59Z")), "1.8");
    EXPECT_EQ(cost_in(*book, "acme", time("2026-07-01T00:00:00Z")), "2");
}

TEST_F(PriceBookTest, ReplacedRowsComeFirstAndTheListFillsTheGaps) {
    ASSERT_EQ(refused(replace("o1", "acme", "0.5", {{"model", "gpt-4o"}})), "");
    const auto book = builder_.build();
    EXPECT_EQ(cost_in(*book, "acme", noon, {{"model", "gpt-4o"}}), "0.5");
    EXPECT_EQ(cost_in(*book, "acme", noon, {{"model", "o3"}}), "1");
    EXPECT_EQ(cost_in(*book, "other", noon, {{"model", "gpt-4o"}}), "1");
}

TEST_F(PriceBookTest, AnAgreedPriceIsNotMultiplied) {
    ASSERT_EQ(refused(replace("o1", "acme", "0.5", {{"model", "gpt-4o"}})), "");
    ASSERT_EQ(refused(multiply("o2", "acme", "0.9")), "");
    const auto book = builder_.build();
    EXPECT_EQ(cost_in(*book, "acme", noon, {{"model", "gpt-4o"}}), "0.5");
    EXPECT_EQ(cost_in(*book, "acme", noon, {{"model", "o3"}}), "0.9");
}

TEST_F(PriceBookTest, ReplacedRowsHoldForLaterVersionsToo) {
    ASSERT_EQ(refused(replace("o1", "acme", "0.5")), "");
    add(version(3, "2026-02-01T00:00:00Z", "3"));
    EXPECT_EQ(cost_in(*builder_.build(), "acme"), "0.5");
}

TEST_F(PriceBookTest, AVersionThatAnOverrideDoesNotFitIsRefused) {
    ASSERT_EQ(refused(replace("o1", "acme", "0.5", {{"model", "gpt-4o"}})), "");
    auto without_model = version(3, "2026-09-01T00:00:00Z", "3");
    without_model.dimensions.clear();
    const Status status = builder_.add(compile(without_model));
    EXPECT_EQ(
        status.error().message,
        "override `o1` does not fit version 3 of product `llm`: component `requests`, row 0: "
        "`model` is no dimension of the product"
    );
    EXPECT_EQ(builder_.build()->find_version("llm", 3), nullptr);
}

TEST_F(PriceBookTest, AVersionOutsideTheTimeOfAnOverrideNeedNotFit) {
    auto ended = replace("o1", "acme", "0.5", {{"model", "gpt-4o"}});
    ended.until = time("2026-09-01T00:00:00Z");
    ASSERT_EQ(refused(ended), "");
    auto without_model = version(3, "2026-09-01T00:00:00Z", "3");
    without_model.dimensions.clear();
    add(without_model);
    const auto book = builder_.build();
    EXPECT_EQ(cost_in(*book, "acme", noon, {{"model", "gpt-4o"}}), "0.5");
    EXPECT_EQ(cost_in(*book, "acme", time("2026-09-01T00:00:00Z")), "3");
}

TEST_F(PriceBookTest, OverridesThatContradictEachOtherAreRefused) {
    auto first = multiply("o1", "acme", "0.9");
    first.until = noon;
    ASSERT_EQ(refused(first), "");
    EXPECT_EQ(
        refused(multiply("o2", "acme", "0.8")), "override `o2`: overlaps `o1` of the same kind"
    );
    EXPECT_NE(refused(multiply("o1", "other", "0.8")), "");
    auto second = multiply("o2", "acme", "0.8");
    second.from = noon;
    EXPECT_EQ(refused(second), "");
    auto unknown = multiply("o3", "acme", "0.8");
    unknown.product = "other";
    EXPECT_EQ(refused(unknown), "override `o3`: there is no product `other`");
}

TEST_F(PriceBookTest, AnOverrideThatFitsNoVersionIsRefusedWithItsPlace) {
    const std::string place = "override `o1` does not fit version 1 of product `llm`: ";
    auto other = override_of("o1", "acme");
    other.effect = Replace{{{"output", {row(Flat{number("1")})}}}};
    EXPECT_EQ(refused(other), place + "the product has no component `output`");
    other.effect = Replace{{{"requests", {}}, {"requests", {}}}};
    EXPECT_EQ(refused(other), place + "component `requests` stands there twice");
    const Volume by_context{TierBasis::property, "context", 1, tiers({{"", "1"}})};
    other.effect = Replace{{{"requests", {row(by_context)}}}};
    EXPECT_EQ(
        refused(other), place +
                            "component `requests`, row 0: the product does not use the property "
                            "`context`"
    );
    other.effect = Replace{{{"requests", {row(Flat{}), row(Flat{})}}}};
    EXPECT_NE(refused(other), "");
    other.effect = Multiply{};
    other.until = other.from;
    EXPECT_EQ(refused(other), "override `o1`: `until` must be after `from`");
    other.id = "no name";
    EXPECT_NE(refused(other), "");
}

TEST_F(PriceBookTest, TheLimitOfRowsIsThatOfAVersion) {
    const auto with = [this](std::size_t count) {
        std::vector<PriceRow> rows;
        for (std::size_t i = 0; i < count; ++i) {
            rows.push_back(row(Flat{}, {{"model", std::to_string(i)}}));
        }
        auto many = override_of("many", "acme");
        many.effect = Replace{{{"requests", std::move(rows)}}};
        return refused(std::move(many));
    };
    EXPECT_NE(with(rows_max + 1), "");
    EXPECT_EQ(with(rows_max), "");
}

TEST_F(PriceBookTest, OtherOverridesOfAWalletStay) {
    ASSERT_EQ(refused(multiply("o1", "acme", "0.9")), "");
    ASSERT_EQ(refused(replace("o2", "acme", "5", {{"model", "x"}})), "");
    ASSERT_TRUE(builder_.remove_override("o1").has_value());
    const auto book = builder_.build();
    EXPECT_EQ(cost_in(*book, "acme"), "1");
    EXPECT_EQ(cost_in(*book, "acme", noon, {{"model", "x"}}), "5");
}

TEST_F(PriceBookTest, AnOverrideCanBeTakenAway) {
    ASSERT_EQ(refused(multiply("o1", "acme", "0.9")), "");
    EXPECT_TRUE(builder_.remove_override("o1").has_value());
    EXPECT_EQ(builder_.remove_override("o1").error().code, ErrorCode::not_found);
    EXPECT_EQ(cost_in(*builder_.build(), "acme"), "1");
}

TEST_F(PriceBookTest, AChargeSaysWhoseRowItUsed) {
    ASSERT_EQ(refused(replace("o1", "acme", "0.5", {{"model", "gpt-4o"}})), "");
    const auto book = builder_.build();
    const Terms terms = book->terms(*book->find("llm", noon), "acme", noon);
    EXPECT_TRUE(price(terms, {{"model", "gpt-4o"}}).rating.charges[0].replaced);
    EXPECT_FALSE(price(terms, {}).rating.charges[0].replaced);
    EXPECT_EQ(terms.replace->id, "o1");
}

}  // namespace
}  // namespace faregate::support
