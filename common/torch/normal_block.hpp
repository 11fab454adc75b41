// Sixteen normal values at a time, bit for bit those of PyTorch on a processor with AVX2. PyTorch computes
// log, sin and cos with short polynomials there. The C++ library's functions are more exact, so their last
// digits would differ.
#pragma once
#include <span>

namespace torch {

// Replaces 16 uniform values in [0, 1) by 16 standard normal ones (Box-Muller transform): the first 8 give
// the lengths, the last 8 the directions. Source: ATen/native/cpu/DistributionTemplates.h, normal_fill_AVX2;
// its polynomials are those of Stephen Moshier's Cephes library.
void normal_block(std::span<float, 16> block);

}  // namespace torch
