// Temperature: a softmax over more keys becomes flatter. So in the layers that see the whole text, Llama 4
// multiplies a query by a factor that grows with the logarithm of its position. Source: Nakanishi, "Scalable-
// Softmax Is Superior for Attention".
// B = sequences in a batch, T = new tokens, H = heads
#pragma once
#include <cstddef>

#include "common/tensor.hpp"

namespace ch8 {

// ln(floor((position + 1) / floor_scale) + 1) * attn_scale + 1, for the positions from start_pos on: (T). The
// factor is 1 for the first floor_scale - 1 tokens.
Vector temperature(std::size_t start_pos, std::size_t tokens, float floor_scale, float attn_scale);

// Multiplies each query by the factor of its token: (B, T, H, head_dim), (T) -> (B, T, H, head_dim).
Tensor4 scale_queries(const Tensor4& xq, const Vector& factors);

}  // namespace ch8
