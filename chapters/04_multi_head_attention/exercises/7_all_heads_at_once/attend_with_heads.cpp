#include <cmath>

#include "chapters/03_causal_mask_and_dropout/causal_mask.hpp"
#include "common/exercise/missing.hpp"
#include "common/tensor.hpp"

// Causal attention with n_heads heads: the context vectors of all heads, side by side.
// B = sequences in a batch, T = tokens, H = n_heads, d_out = H * head_dim.
// queries, keys, values (B, T, d_out) -> (B, T, d_out)
Tensor3 attend_with_heads(const Tensor3& queries, const Tensor3& keys, const Tensor3& values,
                          std::size_t n_heads) {
    // queries.shape(0) is B, queries.shape(1) is T, and queries.shape(2) is d_out. These functions help:
    //   torch::view<4>(x, {a, b, c, d})   the same elements in the same order, in another shape
    //   torch::transpose(y, 1, 2)         swaps the axes 1 and 2, and moves the elements
    //   torch::matmul_transposed(q, k)    q kᵀ in the last two axes: (B, H, T, T)
    //   torch::matmul(a, v)               (B, H, T, T) times (B, H, T, head_dim) -> (B, H, T, head_dim)
    //   ch3::masked_softmax(s)            softmax along the last axis
    //   ch3::masked_fill(s, ch3::future_mask(T), ch3::True::hides)   -inf for every later key
    // Give every result a type, for example: const Tensor4 scaled = scores / 2.0f; never auto. Your code
    // replaces the next line.
    throw exercise::Missing("split into heads, attend in each head, and combine the heads");
}
