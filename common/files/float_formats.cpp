#include "common/files/float_formats.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace {

constexpr std::uint32_t float_infinity = 0x7f800000;

// Exponent and fraction, shifted to their place in float32, give the value with the wrong exponent bias.
// `scale` corrects the bias. This holds for subnormal numbers too, and the product is exact.
float rescaled(std::uint32_t magnitude, std::uint32_t sign, float scale) {
    const std::uint32_t scaled = std::bit_cast<std::uint32_t>(std::bit_cast<float>(magnitude) * scale);
    return std::bit_cast<float>(scaled | sign);
}

}  // namespace

float half_to_float(std::uint16_t bits) {
    const std::uint32_t sign = (bits & 0x8000U) << 16U, magnitude = (bits & 0x7fffU) << 13U;
    const bool is_finite = (bits & 0x7c00U) != 0x7c00U;
    if (!is_finite) return std::bit_cast<float>(sign | float_infinity | magnitude);
    return rescaled(magnitude, sign, 0x1p112f);  // 127 - 15
}

float bfloat16_to_float(std::uint16_t bits) {
    return std::bit_cast<float>(std::uint32_t{bits} << 16U);
}

float e4m3_to_float(std::uint8_t bits) {
    const std::uint32_t sign = (bits & 0x80U) << 24U, magnitude = (bits & 0x7fU) << 20U;
    const bool is_nan = (bits & 0x7fU) == 0x7fU;
    if (is_nan) return std::bit_cast<float>(sign | float_infinity | magnitude);
    return rescaled(magnitude, sign, 0x1p120f);  // 127 - 7
}

std::uint8_t float_to_e4m3(float value) {
    constexpr float halfway_to_nan = 464.0f;  // 448 and the next step, 480, would be equally far
    constexpr int smallest_exponent = -6;     // below 2^-6 numbers are subnormal: as far apart as just above
    const std::uint8_t sign = std::signbit(value) ? 0x80 : 0;
    const float magnitude = std::abs(value);
    if (!(magnitude <= halfway_to_nan)) return sign | 0x7fU;

    // From 2^e to 2^(e+1) there are 8 numbers, 2^(e-3) apart: count in these steps, rounding half to even.
    // Each exponent has 8 codes, so a count of 16 runs into the next one, where it belongs.
    const int exponent = std::max(std::ilogb(magnitude), smallest_exponent);
    const long steps = std::lrint(std::ldexp(magnitude, 3 - exponent));
    return static_cast<std::uint8_t>(sign + 8 * (exponent - smallest_exponent) + steps);
}
