// Sixteen normal values at a time, to the last bit as PyTorch computes them on a processor with AVX2: there
// log, sin and cos are short polynomials, and a library's own, more exact ones would differ in the last
// digits.
#pragma once
#include <span>

namespace torch {

// Turns 16 uniform values in [0, 1) into 16 standard normal ones, in place (Box and Muller): the first 8
// give the lengths, the last 8 the directions. Source: ATen/native/cpu/DistributionTemplates.h,
// normal_fill_AVX2; its polynomials are those of Stephen Moshier's Cephes library.
void normal_block(std::span<float, 16> block);

}  // namespace torch
