// The two layouts of RoPE pairs, and the permutation between them. Llama's own checkpoints pair neighbours
// (2i, 2i + 1). Hugging Face's pair halves (i, i + head_dim / 2) and store wq and wk with permuted rows.
#pragma once
#include <cstddef>

#include "chapters/02_trainable_weights/linear.hpp"
#include "common/tensor.hpp"

namespace ch6 {

// Permutes the rows of wq or wk (n_heads * head_dim, dim) from one layout to the other, head by head. If both
// queries AND keys are permuted, every score stays the same. If only one of them is permuted, or neither,
// every score except position 0's changes.
Matrix to_half_split(const Matrix& interleaved_weight, std::size_t n_heads);
Matrix to_interleaved(const Matrix& half_split_weight, std::size_t n_heads);

// Permutes a whole projection of queries or keys. Its bias has one number for each row and is permuted too.
ch2::Linear to_interleaved(const ch2::Linear& half_split, std::size_t n_heads);

}  // namespace ch6
