// PyTorch's CPU generator: for the same seed, its numbers are bit for bit those of a notebook.
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
    std::uint64_t draw64();  // two 32-bit numbers, the first is the high half

    float uniform_float();    // in [0, 1): the low 24 bits of a 32-bit number
    double uniform_double();  // in [0, 1): the low 53 bits of a 64-bit number

    // One standard normal value. The Box-Muller transform makes two at a time: the next call returns the
    // second.
    double normal_double();

  private:
    std::mt19937 twister_;
    std::optional<double> kept_normal_;
};

}  // namespace torch
