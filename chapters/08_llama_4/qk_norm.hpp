// QK norm: every head of a query or key gets the root mean square 1, so no score can grow without bound.
// Llama 4 norms without weights and after RoPE.
// B = sequences in a batch, T = tokens, H = heads
#pragma once
#include "common/tensor.hpp"

namespace ch8 {

// x / sqrt(mean(x²) + eps) for each head: (B, T, H, head_dim) -> the same.
Tensor4 qk_norm(const Tensor4& x, float eps);

// The same, then times one weight (head_dim) for each number of a head, as in Qwen3. Without weights the norm
// may come before or after RoPE. With weights the order counts.
Tensor4 qk_norm(const Tensor4& x, const Vector& weight, float eps);

}  // namespace ch8
