#include "common/torch/normal_block.hpp"

#include <array>
#include <cmath>
#include <cstddef>
#include <numbers>

namespace torch {
namespace {

// The result depends on whether a product and a sum are rounded once (std::fma) or twice: each line below
// rounds where PyTorch rounds.

// A polynomial by Horner's rule; the coefficient of the highest power comes first.
template <std::size_t N>
float polynomial(float x, const std::array<float, N>& coefficients) {
    float y = coefficients[0];
    for (std::size_t i = 1; i < N; ++i) y = std::fma(y, x, coefficients[i]);
    return y;
}

// The natural logarithm of x > 0: x = 2^exponent * (1 + m), with a polynomial for log(1 + m) around 0.
float log_like_avx2(float x) {
    int exponent = 0;
    float m = std::frexp(x, &exponent);  // in [0.5, 1)
    if (m < 0.707106781186547524f) {
        exponent -= 1;
        m = (m - 1.0f) + m;
    } else {
        m = m - 1.0f;
    }
    const auto e = static_cast<float>(exponent);
    const float z = m * m;
    float y = polynomial<9>(
        m, {7.0376836292e-2f, -1.1514610310e-1f, 1.1676998740e-1f, -1.2420140846e-1f, 1.4249322787e-1f,
            -1.6668057665e-1f, 2.0000714765e-1f, -2.4999993993e-1f, 3.3333331174e-1f});
    y = y * m;

    // ln 2 is added in two pieces, the small one first: less is lost by rounding.
    y = std::fma(y, z, e * -2.12194440e-4f);
    y = std::fma(z, -0.5f, y);
    return std::fma(e, 0.693359375f, m + y);
}

struct SinCos {
    float sin, cos;
};

// Sine and cosine of x >= 0: x is reduced to [-pi/4, pi/4], where two short polynomials are exact enough.
SinCos sin_cos_like_avx2(float x) {
    const int octant = (static_cast<int>(x * 1.27323954473516f) + 1) & ~1;  // 4/pi
    const auto turns = static_cast<float>(octant);
    x = std::fma(turns, -0.78515625f, x);  // pi/4 in three pieces
    x = std::fma(turns, -2.4187564849853515625e-4f, x);
    x = std::fma(turns, -3.77489497744594108e-8f, x);
    const float z = x * x;

    float cosine =
        polynomial<3>(z, {2.443315711809948e-5f, -1.388731625493765e-3f, 4.166664568298827e-2f}) * z;
    cosine = std::fma(cosine, z, -(z * 0.5f)) + 1.0f;
    const float sine_tail = polynomial<3>(z, {-1.9515295891e-4f, 8.3321608736e-3f, -1.6666654611e-1f}) * z;
    const float sine = std::fma(sine_tail, x, x);

    // Sine and cosine change places in every second octant, and their signs in half of the circle.
    const bool swapped = (octant & 2) != 0;
    const float s = swapped ? cosine : sine, c = swapped ? sine : cosine;
    return {(octant & 4) != 0 ? -s : s, ((octant - 2) & 4) == 0 ? -c : c};
}

}  // namespace

void normal_block(std::span<float, 16> block) {
    for (std::size_t j = 0; j < 8; ++j) {
        const float u = 1.0f - block[j];  // in (0, 1], so that the logarithm is finite
        const float length = std::sqrt(-2.0f * log_like_avx2(u));
        const auto [sin, cos] = sin_cos_like_avx2(2.0f * std::numbers::pi_v<float> * block[j + 8]);
        block[j] = length * cos;
        block[j + 8] = length * sin;
    }
}

}  // namespace torch
