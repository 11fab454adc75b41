// Chapter 4: multi-head attention with one matrix product for all heads, the notebook's MultiHeadAttention.
// New: the heads are an axis of one 4-D tensor, and out_proj combines their results.
// From chapter 2: Linear. From chapter 3: the mask and dropout.
// B = sequences in a batch, T = tokens, H = heads, d_in = width of an embedding, d_out = H * head_dim
#pragma once
#include <cstddef>
#include <vector>

#include "chapters/02_trainable_weights/attention.hpp"
#include "chapters/03_causal_mask_and_dropout/dropout.hpp"
#include "common/tensor.hpp"
#include "common/torch/generator.hpp"

namespace ch4 {

struct Weights {
    ch2::LinearWeights projections;  // W_query, W_key, W_value: each (d_out, d_in), one head below the other
    ch2::Linear out_proj;            // (d_out, d_out), with bias
};
// Draws W_query, W_key, W_value and out_proj in this order.
Weights random_weights(torch::Generator& generator, std::size_t d_in, std::size_t d_out);

struct Trace {
    Tensor4 queries, keys, values;  // (B, H, T, head_dim)
    Tensor4 attn_scores;            // (B, H, T, T)
    Tensor4 masked;                 // (B, H, T, T)  -inf where column > row
    Tensor4 attn_weights;           // (B, H, T, T)  each row sums to 1
    Tensor4 dropped;                // (B, H, T, T)  after dropout
    Tensor4 head_context;           // (B, H, T, head_dim)
    Tensor3 combined;               // (B, T, d_out)  the heads side by side
    Tensor3 context_vec;            // (B, T, d_out)  after out_proj
};

// For inputs x (B, T, d_in). Throws std::invalid_argument if n_heads does not divide d_out.
Trace multi_head_attention(const Tensor3& x, const Weights& weights, std::size_t n_heads,
                           const ch3::Dropout& dropout, torch::Generator& generator);

// The same with scores divided by sqrt(scale_width) instead of sqrt(head_dim). The notebook does this by
// accident, and the walk repeats it to show where the notebook's numbers come from.
Trace multi_head_attention_scaled_by(std::size_t scale_width, const Tensor3& x, const Weights& weights,
                                     std::size_t n_heads, const ch3::Dropout& dropout,
                                     torch::Generator& generator);

// Stacks the wrapper's small matrices into wide ones: the rows of head h start at h*head_dim.
ch2::LinearWeights fuse(const std::vector<ch2::LinearWeights>& heads);

}  // namespace ch4
