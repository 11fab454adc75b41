// The same weights in the layouts that models store: one fused matrix by blocks or by heads, or Conv1D.
// From chapter 4: one matrix for all heads. H = query heads, H_kv = key and value heads
#pragma once
#include "chapters/09_every_model/recipe.hpp"
#include "chapters/09_every_model/weights.hpp"

namespace ch9 {

// q, k and v below each other: ((H + 2 H_kv) * head_dim, dim).
Weights fuse_by_blocks(const Weights& weights);

// Query, key and value of head 0, then of head 1: (3 H * head_dim, dim). Needs as many key heads as query
// heads.
Weights fuse_by_heads(const Weights& weights, const Recipe& recipe);

// The matrices qkv and o (out, in) become (in, out), as GPT-2 stores them.
Weights to_conv1d(const Weights& weights);

// The query projection with a gate: query and gate of head 0, then of head 1: (2 H * head_dim, dim).
Weights with_gate(const Weights& weights, const ch2::Linear& gate, const Recipe& recipe);

}  // namespace ch9
