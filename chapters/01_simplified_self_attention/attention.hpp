// Chapter 1: self-attention without trainable weights. The score of two words is their dot product, softmax
// turns the scores into attention weights, and the context vector is the weighted sum of all words.
// T = tokens, d_in = width of an embedding
#pragma once
#include <cstddef>

#include "common/tensor.hpp"

namespace ch1 {

// One query word attends to all words. Cells 2 to 4 of the notebook.
struct QueryTrace {
    Vector query;         // (d_in)  the query word
    Vector attn_scores;   // (T)     its dot product with each word
    Vector attn_weights;  // (T)     softmax of the scores, with sum 1
    Vector context_vec;   // (d_in)  the sum of all words times their weights
};
QueryTrace attend(const Matrix& inputs, std::size_t query_index);

// The same for all words at once, with two matrix products. Cells 5 to 7.
struct Trace {
    Matrix attn_scores;   // (T, T)     row = query, column = key
    Matrix attn_weights;  // (T, T)     each row sums to 1
    Matrix context_vecs;  // (T, d_in)
};
Trace self_attention(const Matrix& inputs);

// All scores with two plain loops, (T, d_in) -> (T, T). inputs @ inputsᵀ computes the same.
Matrix attn_scores_by_loops(const Matrix& inputs);

}  // namespace ch1
