// Chapter 2: scaled dot-product attention with trainable weights.
// New: W_query, W_key and W_value give every word three roles, and the scores are divided by sqrt(d_k).
// From chapter 1: softmax.
// T = tokens, d_in = width of an embedding, d_out = width of a query, key or value, d_k = width of a key
#pragma once
#include <cstddef>

#include "chapters/02_trainable_weights/linear.hpp"
#include "common/tensor.hpp"
#include "common/torch/generator.hpp"

namespace ch2 {

// Plain matrices, as torch.nn.Parameter(torch.rand(d_in, d_out)) makes them. Each has shape (d_in, d_out).
struct Weights {
    Matrix query, key, value;
};
// Draws query, key and value in this order, uniform in [0, 1).
Weights random_weights(torch::Generator& generator, std::size_t d_in, std::size_t d_out);

// The same three as nn.Linear layers, which store (d_out, d_in).
struct LinearWeights {
    Linear query, key, value;
};
LinearWeights random_linear_weights(torch::Generator& generator, std::size_t d_in, std::size_t d_out);

// Every tensor from the input to the output, in the notebook's order.
struct Trace {
    Matrix queries, keys, values;  // (T, d_out)  what a word looks for, how others find it, what it passes on
    Matrix attn_scores;            // (T, T)      row = query, column = key
    Matrix attn_weights;           // (T, T)      each row sums to 1
    Matrix context_vec;            // (T, d_out)
};

// softmax(Q Kᵀ / sqrt(d_k)) V, for inputs x (T, d_in). Source: "Attention Is All You Need", equation 1.
Trace self_attention(const Matrix& x, const Weights& weights);
Trace self_attention(const Matrix& x, const LinearWeights& weights);

}  // namespace ch2
