// Splits one wide projection into heads, and combines the heads again.
// B = sequences in a batch, T = tokens, H = heads, d_out = H * head_dim
#pragma once
#include <cstddef>

#include "common/tensor.hpp"

namespace ch4 {

// (B, T, d_out) -> (B, H, T, head_dim): view, then transpose. Head h gets head_dim columns of every token,
// from column h*head_dim on. Throws std::invalid_argument if H does not divide d_out.
Tensor4 split_heads(const Tensor3& x, std::size_t n_heads);

// The classic mistake: view without the transpose gives the right shape. The elements keep their order, so
// the rows of a head are pieces of one token instead of the same piece of each token.
Tensor4 split_heads_by_view_alone(const Tensor3& x, std::size_t n_heads);

// (B, H, T, head_dim) -> (B, T, d_out): transpose, then view.
Tensor3 combine_heads(const Tensor4& x);

}  // namespace ch4
