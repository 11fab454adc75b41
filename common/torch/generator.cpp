#include "common/torch/generator.hpp"

#include <cmath>
#include <numbers>
#include <utility>

namespace torch {

Generator::Generator(std::uint64_t seed) {
    manual_seed(seed);
}

void Generator::manual_seed(std::uint64_t seed) {
    twister_.seed(static_cast<std::uint32_t>(seed));
    kept_normal_.reset();
}

std::uint32_t Generator::draw32() {
    return static_cast<std::uint32_t>(twister_());
}

std::uint64_t Generator::draw64() {
    const std::uint64_t high = draw32();
    const std::uint64_t low = draw32();
    return (high << 32U) | low;
}

float Generator::uniform_float() {
    constexpr std::uint32_t mantissa = (1U << 24U) - 1;
    return std::ldexp(static_cast<float>(draw32() & mantissa), -24);
}

double Generator::uniform_double() {
    constexpr std::uint64_t mantissa = (1ULL << 53U) - 1;
    return std::ldexp(static_cast<double>(draw64() & mantissa), -53);
}

double Generator::normal_double() {
    if (kept_normal_) return *std::exchange(kept_normal_, std::nullopt);

    // The coordinates of a point with a random direction and a random length: two independent normal values.
    const double u1 = uniform_double();
    const double u2 = uniform_double();
    const double length = std::sqrt(-2.0 * std::log1p(-u2));
    const double angle = 2.0 * std::numbers::pi * u1;
    kept_normal_ = length * std::sin(angle);
    return length * std::cos(angle);
}

}  // namespace torch
