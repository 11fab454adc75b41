// Projections: one token becomes queries, keys and values. Three matrices or one fused matrix compute the
// same numbers; only the order of the rows differs, and it is a choice of the model. B = sequences in a
// batch, T = tokens, H = query heads, H_kv = key and value heads
#pragma once
#include "chapters/09_every_model/recipe.hpp"
#include "chapters/09_every_model/weights.hpp"
#include "common/tensor.hpp"

namespace ch9 {

struct Projected {
    Tensor4 q, k, v;  // (B, T, H, head_dim), (B, T, H_kv, head_dim) twice
    Tensor4 gate;     // (B, T, H, head_dim), if the recipe has an output gate
};

// x (B, T, dim). Throws std::invalid_argument if shapes do not fit.
Projected project(const Tensor3& x, const Weights& weights, const Recipe& recipe);

// x W^T + b, or x W + b where the weight is stored as Conv1D (in, out): (B, T, in) -> (B, T, out).
Tensor3 linear(const Tensor3& x, const ch2::Linear& layer, bool conv1d);

}  // namespace ch9
