#include "common/torch/dropout_mask.hpp"

#include <cstdint>

namespace torch {
namespace {

// MKL's MCG31m1 (vslNewStream with VSL_BRNG_MCG31): a multiplicative congruential generator.
class Mcg31 {
  public:
    explicit Mcg31(std::uint32_t seed) : state_(seed % modulus) {
        if (state_ == 0) state_ = 1;
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

}  // namespace

std::vector<bool> dropout_mask(Generator& generator, std::size_t size, double keep_probability,
                               DropoutRng build) {
    std::vector<bool> keep(size);
    if (build == DropoutRng::mkl) {
        // One draw of PyTorch's generator seeds another one, which makes the mask.
        Mcg31 stream(generator.draw32());
        for (std::size_t i = 0; i < size; ++i) keep[i] = stream.next() < keep_probability;
    } else {
        for (std::size_t i = 0; i < size; ++i) keep[i] = generator.uniform_double() < keep_probability;
    }
    return keep;
}

}  // namespace torch
