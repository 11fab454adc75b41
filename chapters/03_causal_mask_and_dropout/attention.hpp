// Chapter 3: causal attention for a batch, the notebook's CausalAttention.
// New: a batch dimension, the causal mask, dropout on the weights.
// From chapter 2: the three Linear projections and the scale.
// B = sequences in a batch, T = tokens, d_in = width of an embedding, d_out = width of a query, key or value
#pragma once
#include "chapters/02_trainable_weights/attention.hpp"
#include "chapters/03_causal_mask_and_dropout/dropout.hpp"
#include "common/tensor.hpp"

namespace ch3 {

struct Trace {
    Tensor3 queries, keys, values;  // (B, T, d_out)
    Tensor3 attn_scores;            // (B, T, T)
    Tensor3 masked;                 // (B, T, T)  -inf where column > row
    Tensor3 attn_weights;           // (B, T, T)  each row sums to 1, zero for future tokens
    Tensor3 dropped;                // (B, T, T)  after dropout
    Tensor3 context_vec;            // (B, T, d_out)
};

// For inputs x (B, T, d_in). Draws from `generator` only if `dropout` drops weights.
Trace causal_attention(const Tensor3& x, const ch2::LinearWeights& weights, const Dropout& dropout,
                       torch::Generator& generator);

}  // namespace ch3
