// Chapter 1: self-attention with nothing to learn. A word's score for another is their dot product,
// softmax makes shares of the scores, and the shares mix the words.
// T = tokens, d_in = width of an embedding
#pragma once
#include <cstddef>

#include "common/tensor.hpp"

namespace ch1 {

// What happens to one word that looks at all others. Cells 2 to 4 of the notebook.
struct QueryTrace {
    Vector query;         // (d_in)  the word that looks
    Vector attn_scores;   // (T)     how much it has in common with each word
    Vector attn_weights;  // (T)     the same as shares, with sum 1
    Vector context_vec;   // (d_in)  the mix of all words in these shares
};
QueryTrace attend(const Matrix& inputs, std::size_t query_index);

// The same for all words at once: two matrix products. Cells 5 to 7.
struct Trace {
    Matrix attn_scores;   // (T, T)     row looks, column is looked at
    Matrix attn_weights;  // (T, T)     each row sums to 1
    Matrix context_vecs;  // (T, d_in)
};
Trace self_attention(const Matrix& inputs);

// All scores by two plain loops, (T, d_in) -> (T, T). It is what inputs @ inputsᵀ stands for.
Matrix attn_scores_by_loops(const Matrix& inputs);

}  // namespace ch1
