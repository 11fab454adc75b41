// Output gate: each number of a head's context is multiplied by sigmoid(gate), and the gate is a projection
// of the token itself. So a token can switch a head off. Used by Qwen3-Next in its layers with softmax. B =
// sequences in a batch, T = new tokens, H = heads
#pragma once
#include "common/tensor.hpp"

namespace ch9 {

// combined (B, T, H * head_dim), gate (B, T, H, head_dim) -> (B, T, H * head_dim)
Tensor3 open_gate(const Tensor3& combined, const Tensor4& gate);

}  // namespace ch9
