// MKL's generator MCG31m1 (VSL_BRNG_MCG31). Some builds of PyTorch draw dropout masks with it:
// x(n+1) = 1132489760 x(n) mod (2^31 - 1). Source: Intel's VSL notes.
#pragma once
#include <cstdint>

namespace torch {

class Mcg31 {
  public:
    explicit Mcg31(std::uint32_t seed) : state_(seed % modulus) {
        if (state_ == 0) state_ = 1;  // the generator never leaves 0
    }

    // In (0, 1). The first value is the seed itself.
    double next() {
        const double value = static_cast<double>(state_) / static_cast<double>(modulus);
        state_ = multiplier * state_ % modulus;
        return value;
    }

  private:
    static constexpr std::uint64_t modulus = (1ULL << 31U) - 1;
    static constexpr std::uint64_t multiplier = 1132489760;
    std::uint64_t state_;
};

}  // namespace torch
