// The tensors of one attention, as a model's file has them. A tensor that the recipe does not ask for is
// empty. H = query heads, H_kv = key and value heads
#pragma once
#include "chapters/02_trainable_weights/linear.hpp"
#include "common/tensor.hpp"

namespace ch9 {

struct Weights {
    ch2::Linear q, k,
        v;            // (H * head_dim, dim), (H_kv * head_dim, dim) twice; with a gate q has twice the rows
    ch2::Linear qkv;  // ((H + 2 H_kv) * head_dim, dim)     in place of the three, if they are fused
    ch2::Linear o;    // (dim, H * head_dim)
    Matrix q_norm, k_norm;  // (heads, head_dim), or (1, heads * head_dim) over the whole width
    Vector sinks;           // (H)
    Matrix distance_bias;   // (buckets, H)
};

}  // namespace ch9
