#include <gtest/gtest.h>

#include <string>

#include "faregate/core/amount.h"

namespace faregate {
namespace {

using Fault = Decimal::Fault;

Fault fault_of(std::string_view text, Scale scale) {
    const auto amount = Decimal::parse(text).to_amount(scale);
    return amount ? Fault::none : amount.error();
}

/// The units that `text` is at `scale`; -1 if it is none.
int128_t units_of(std::string_view text, Scale scale) {
    const auto amount = Decimal::parse(text).to_amount(scale);
    return amount ? amount->units() : -1;
}

std::string zeros(std::size_t count) { return std::string(count, '0'); }

TEST(Decimal, ReadsWhatJsonCallsANumber) {
    struct Case {
        const char* text;
        Scale scale;
        std::int64_t units;
    };
    const Case cases[] = {
        {"0", 0, 0},
        {"-0", 0, 0},
        {"0.0", 0, 0},
        {"-0.000e5", 0, 0},
        {"1", 0, 1},
        {"10", 0, 10},
        {"1.000", 0, 1},
        {"0.1", 1, 1},
        {"0.1", 9, 100000000},
        {"12.50", 2, 1250},
        {"1e3", 0, 1000},
        {"1E3", 0, 1000},
        {"1e+3", 0, 1000},
        {"1.5e1", 0, 15},
        {"1500e-2", 0, 15},
        {"1500e-2", 1, 150},
        {"1e-9", 9, 1},
        {"0.000000001", 9, 1},
        {"1.0e0", 0, 1},
        {"1e-00", 0, 1},
        {"100e-2", 0, 1},
        {"0.001e3", 0, 1},
        {"123e0", 3, 123000},
        {"0e999999999999", 0, 0},
        {"0e-999999999999", 0, 0},
    };
    for (const Case& each : cases) {
        EXPECT_EQ(fault_of(each.text, each.scale), Fault::none) << each.text;
        EXPECT_EQ(units_of(each.text, each.scale), each.units) << each.text;
    }
}

TEST(Decimal, RefusesWhatJsonDoesNotCallANumber) {
    for (const char* text :
         {"",     "abc", "NaN",  "nan",   "Infinity", "-Infinity", "inf", "null",
          "true", "-",   "+1",   "--1",   ".5",       "5.",        "-.5", "1.e5",
          "1e",   "1e+", "1e-",  "e5",    "1e5.5",    "1.2.3",     "01",  "00",
          "-01",  "007", "0x10", "1_000", "1,5",      "1 000",     " 1",  "1 ",
          "\t1",  "1\n", "1f",   "1e1e1", "\"1\"",    "٣",         "½",   "1-"}) {
        EXPECT_EQ(Decimal::parse(text).fault(), Fault::not_a_number) << text;
        EXPECT_EQ(fault_of(text, 9), Fault::not_a_number) << text;
    }
    EXPECT_EQ(Decimal::parse(std::string_view("1\0", 2)).fault(), Fault::not_a_number);
    EXPECT_EQ(Decimal{}.fault(), Fault::not_a_number);
    EXPECT_EQ(Decimal::invalid().fault(), Fault::not_a_number);
}

TEST(Decimal, RefusesNegativesWhateverTheirSize) {
    for (const std::string& text :
         {std::string("-1"), std::string("-0.1"), std::string("-1e-30"), std::string("-1e99"),
          "-" + std::string(60, '9')}) {
        EXPECT_EQ(fault_of(text, 18), Fault::negative) << text;
    }
}

TEST(Decimal, NeverRoundsDecimals) {
    EXPECT_EQ(fault_of("0.1", 0), Fault::too_many_decimals);
    EXPECT_EQ(fault_of("1e-30", 18), Fault::too_many_decimals);
    EXPECT_EQ(fault_of("1e-19", 18), Fault::too_many_decimals);
    EXPECT_EQ(units_of("1e-18", 18), 1);
    EXPECT_EQ(fault_of("1e-999999999999", 18), Fault::too_many_decimals);
    EXPECT_EQ(fault_of("1e-2147483648", 18), Fault::too_many_decimals);
    EXPECT_EQ(fault_of("0." + zeros(59) + "1", 18), Fault::too_many_decimals);
    EXPECT_EQ(fault_of("0." + std::string(60, '3'), 18), Fault::too_many_decimals);
    EXPECT_EQ(fault_of("1.0000000001", 9), Fault::too_many_decimals);
    EXPECT_EQ(units_of("1." + zeros(60), 0), 1);
}

TEST(Decimal, ExponentsMeetTheScaleOnBothSides) {
    for (Scale scale = 0; scale <= scale_max; ++scale) {
        const std::string at = "1e-" + std::to_string(scale);
        const std::string past = "1e-" + std::to_string(scale + 1);
        EXPECT_EQ(units_of(at, scale), 1) << at;
        EXPECT_EQ(fault_of(past, scale), Fault::too_many_decimals) << past;
        // 10 * 10^-(scale+1) is the same as 10^-scale.
        EXPECT_EQ(units_of("10e-" + std::to_string(scale + 1), scale), 1);
    }
}

TEST(Decimal, RequestsEndAtRequestMax) {
    for (Scale scale = 0; scale <= scale_max; ++scale) {
        const std::string whole = "1" + zeros(static_cast<std::size_t>(30 - scale));
        EXPECT_EQ(units_of(whole, scale), Amount::request_max().units()) << whole;
        const std::string exponent = "1e" + std::to_string(30 - scale);
        EXPECT_EQ(units_of(exponent, scale), Amount::request_max().units()) << exponent;
        EXPECT_EQ(fault_of("1e" + std::to_string(31 - scale), scale), Fault::too_large);
        std::string above = whole;
        if (scale == 0) {
            above.back() = '1';
        } else {
            above += "." + zeros(static_cast<std::size_t>(scale - 1)) + "1";
        }
        EXPECT_EQ(fault_of(above, scale), Fault::too_large) << above;
        std::string below(static_cast<std::size_t>(30 - scale), '9');
        if (scale > 0) below += "." + std::string(scale, '9');
        EXPECT_EQ(units_of(below, scale), Amount::request_max().units() - 1) << below;
    }
}

TEST(Decimal, HugeNumbersAreRefusedWithoutOverflow) {
    EXPECT_EQ(fault_of(std::string(60, '1'), 0), Fault::too_many_digits);
    EXPECT_EQ(fault_of(std::string(60, '1') + ".5", 18), Fault::too_many_digits);
    EXPECT_EQ(fault_of("1" + zeros(60), 0), Fault::too_many_digits);
    EXPECT_EQ(fault_of("1e41", 0), Fault::too_many_digits);
    EXPECT_EQ(fault_of("1e40", 18), Fault::too_large);
    EXPECT_EQ(fault_of("1e999999999999999999999", 0), Fault::too_many_digits);
    EXPECT_EQ(fault_of("1e2147483648", 0), Fault::too_many_digits);
    EXPECT_EQ(fault_of(std::string(37, '9'), 18), Fault::too_large);
    EXPECT_EQ(fault_of(std::string(37, '9') + "e40", 18), Fault::too_large);
    EXPECT_EQ(fault_of(std::string(1 << 20, '9'), 18), Fault::too_many_digits);
}

TEST(Decimal, ATenthThirtyTimesIsExactlyThree) {
    Amount sum;
    for (int i = 0; i < 30; ++i) sum += Decimal::parse("0.1").to_amount(9).value();
    EXPECT_EQ(sum.to_string(9), "3");
    EXPECT_EQ(sum, Decimal::parse("3").to_amount(9).value());
}

TEST(Decimal, PrintedAmountsReadBackAtEveryScale) {
    for (Scale scale = 0; scale <= scale_max; ++scale) {
        for (int128_t units = 1; units <= Amount::request_max().units(); units = units * 7 + 3) {
            const std::string text = Amount::from_units(units).to_string(scale);
            EXPECT_EQ(units_of(text, scale), units) << text;
        }
    }
}

TEST(Decimal, EveryFaultIsDescribedInItsOwnWords) {
    std::vector<std::string> seen;
    for (int i = 0; i <= static_cast<int>(Fault::not_positive); ++i) {
        const std::string text = describe(static_cast<Fault>(i));
        EXPECT_FALSE(text.empty());
        for (const std::string& other : seen) EXPECT_NE(text, other);
        seen.push_back(text);
    }
}

}  // namespace
}  // namespace faregate
