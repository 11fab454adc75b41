// Soft cap: c tanh(score / c). Small scores hardly change, and no score leaves (-c, c). It stands after the
// scale and before the mask. Used by Gemma 2. B = sequences in a batch, T = new tokens, S = visible keys, H =
// heads
#pragma once
#include "common/tensor.hpp"

namespace ch9 {

Tensor4 soft_cap(const Tensor4& scores, float cap);  // (B, H, T, S) -> the same

}  // namespace ch9
