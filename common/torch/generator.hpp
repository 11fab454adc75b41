// PyTorch's CPU generator: the same seed gives the same numbers here as in a notebook, bit by bit.
// Source: ATen/CPUGeneratorImpl and ATen/core/DistributionsHelper.h, checked against PyTorch in tests/.
#pragma once
#include <cstdint>
#include <optional>
#include <random>

namespace torch {

class Generator {
  public:
    // torch.manual_seed(seed). Only the low 32 bits of a seed reach the Mersenne Twister; a negative seed is
    // its two's complement.
    explicit Generator(std::uint64_t seed);
    void manual_seed(std::uint64_t seed);

    std::uint32_t draw32();
    std::uint64_t draw64();  // two 32-bit draws, the first is the high half

    float uniform_float();    // in [0, 1): the low 24 bits of a 32-bit draw
    double uniform_double();  // in [0, 1): the low 53 bits of a 64-bit draw

    // One standard normal value. Box and Muller make two at a time: the second is kept for the next call.
    double normal_double();

  private:
    std::mt19937 twister_;
    std::optional<double> kept_normal_;
};

}  // namespace torch
