// Sinks: each head has one learned score that belongs to no key. It takes part in the softmax and its weight
// is dropped, so a query that needs no key gives little weight to any. Rows sum to less than 1. Used by
// gpt-oss. B = sequences in a batch, T = new tokens, S = visible keys, H = heads
#pragma once
#include "common/tensor.hpp"

namespace ch9 {

// Softmax over masked scores (B, H, T, S) and one sink for each head (H): (B, H, T, S).
Tensor4 softmax_with_sinks(const Tensor4& masked, const Vector& sinks);

}  // namespace ch9
