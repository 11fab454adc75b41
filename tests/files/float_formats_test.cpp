// The small floats, each value against a formula that shares nothing with the code under test.
#include "common/files/float_formats.hpp"

#include <bit>
#include <cmath>
#include <limits>
#include <utility>

#include "tests/support/catch.hpp"

namespace {

// (-1)^sign * 1.fraction * 2^(exponent - bias), and 0.fraction * 2^(1 - bias) where the exponent is 0.
double value_of(unsigned bits, int exponent_bits, int fraction_bits) {
    const int bias = (1 << (exponent_bits - 1)) - 1;
    const unsigned fraction = bits & ((1U << fraction_bits) - 1);
    const int exponent = static_cast<int>(bits >> fraction_bits) & ((1 << exponent_bits) - 1);
    const double sign = (bits >> (exponent_bits + fraction_bits)) != 0 ? -1.0 : 1.0;
    const double part = std::ldexp(static_cast<double>(fraction), -fraction_bits);
    return sign * (exponent == 0 ? std::ldexp(part, 1 - bias) : std::ldexp(1.0 + part, exponent - bias));
}

// Equal, and of the same sign where both are 0.
bool same(float actual, double expected) {
    return static_cast<double>(actual) == expected && std::signbit(actual) == std::signbit(expected);
}

}  // namespace

TEST_CASE("all 256 values of e4m3") {
    for (unsigned bits = 0; bits < 256; ++bits) {
        CAPTURE(bits);
        const float value = e4m3_to_float(static_cast<std::uint8_t>(bits));
        const bool is_nan = bits == 0x7f || bits == 0xff;
        CHECK((is_nan ? std::isnan(value) : same(value, value_of(bits, 4, 3))));
    }
    CHECK(e4m3_to_float(0x7e) == 448.0f);
    CHECK(e4m3_to_float(0x01) == 0x1p-9f);
}

TEST_CASE("e4m3: every value comes back from float32") {
    for (unsigned bits = 0; bits < 256; ++bits) {
        CAPTURE(bits);
        CHECK(float_to_e4m3(e4m3_to_float(static_cast<std::uint8_t>(bits))) == bits);
    }
}

TEST_CASE("e4m3: between two neighbours the nearer one, in the middle the even one") {
    for (unsigned low = 0; low < 0x7e; ++low) {
        const unsigned high = low + 1;
        const double middle = (value_of(low, 4, 3) + value_of(high, 4, 3)) / 2.0;  // has few bits: a float32
        const auto tie = static_cast<float>(middle);
        const float below = std::nextafter(tie, 0.0f), above = std::nextafter(tie, 1000.0f);
        const unsigned even = low % 2 == 0 ? low : high;
        CAPTURE(low, tie);
        CHECK(float_to_e4m3(tie) == even);
        CHECK(float_to_e4m3(below) == low);
        CHECK(float_to_e4m3(above) == high);
        CHECK(float_to_e4m3(-tie) == (0x80U | even));
        CHECK(float_to_e4m3(-below) == (0x80U | low));
        CHECK(float_to_e4m3(-above) == (0x80U | high));
    }
}

TEST_CASE("e4m3: what PyTorch 2.4.1 makes of these") {
    const float inf = std::numeric_limits<float>::infinity(), nan = std::bit_cast<float>(0x7fc00000U);
    const std::pair<float, unsigned> cases[] = {{0.0f, 0x00},
                                                {-0.0f, 0x80},
                                                {1.0f, 0x38},
                                                {-1.0f, 0xb8},
                                                {0.1f, 0x1d},
                                                {-0.3f, 0xaa},
                                                {1.0f / 3.0f, 0x2b},
                                                {2.5f, 0x42},
                                                {3.14159274f, 0x45},
                                                {-7.77f, 0xd0},
                                                {15.49f, 0x57},
                                                {15.5f, 0x58},
                                                {17.0f, 0x58},
                                                {19.0f, 0x5a},
                                                {208.0f, 0x75},
                                                {216.0f, 0x76},
                                                {248.0f, 0x78},
                                                {448.0f, 0x7e},
                                                {449.0f, 0x7e},
                                                {463.99f, 0x7e},
                                                {464.0f, 0x7e},
                                                {0x1.d00002p+8f, 0x7f},
                                                {465.0f, 0x7f},
                                                {480.0f, 0x7f},
                                                {1e9f, 0x7f},
                                                {3.4e38f, 0x7f},
                                                {-464.0f, 0xfe},
                                                {-464.5f, 0xff},
                                                {inf, 0x7f},
                                                {-inf, 0xff},
                                                {nan, 0x7f},
                                                {-nan, 0xff},
                                                {0.015f, 0x08},
                                                {0.0146f, 0x07},
                                                {0x1p-6f, 0x08},
                                                {0x1.ep-7f, 0x08},
                                                {0x1p-9f, 0x01},
                                                {0x1p-10f, 0x00},
                                                {0x1.00001p-10f, 0x01},
                                                {-0x1p-10f, 0x80},
                                                {0x1.8p-9f, 0x02},
                                                {0x1p-11f, 0x00},
                                                {1e-30f, 0x00},
                                                {1.4e-45f, 0x00},
                                                {-1.4e-45f, 0x80}};
    for (const auto& [value, bits] : cases) {
        CAPTURE(value);
        CHECK(float_to_e4m3(value) == bits);
    }
}

TEST_CASE("all 65536 values of half") {
    unsigned wrong = 0;
    for (unsigned bits = 0; bits < 65536; ++bits) {
        const float value = half_to_float(static_cast<std::uint16_t>(bits));
        const bool is_finite = (bits & 0x7c00U) != 0x7c00U, is_nan = !is_finite && (bits & 0x3ffU) != 0;
        const bool right = is_finite ? same(value, value_of(bits, 5, 10))
                           : is_nan  ? std::isnan(value)
                                     : std::isinf(value) && std::signbit(value) == (bits == 0xfc00U);
        if (!right) ++wrong;
    }
    CHECK(wrong == 0);
    CHECK(half_to_float(0x3c00) == 1.0f);
    CHECK(half_to_float(0x7bff) == 65504.0f);
    CHECK(half_to_float(0x0001) == 0x1p-24f);
}

TEST_CASE("bfloat16: special values") {
    CHECK(bfloat16_to_float(0x3f80) == 1.0f);
    CHECK(bfloat16_to_float(0xc049) == -3.140625f);
    CHECK(bfloat16_to_float(0x7f80) == std::numeric_limits<float>::infinity());
    CHECK(bfloat16_to_float(0xff80) == -std::numeric_limits<float>::infinity());
    CHECK(std::isnan(bfloat16_to_float(0x7fc0)));
    CHECK(bfloat16_to_float(0x0001) == 0x1p-133f);
    CHECK(same(bfloat16_to_float(0x8000), -0.0));
}
