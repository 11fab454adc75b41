// The small floats, each value against a formula that shares nothing with the code under test.
#include "common/files/float_formats.hpp"

#include <bit>
#include <cmath>
#include <limits>

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
