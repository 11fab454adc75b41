// ALiBi (attention with linear biases): no rotation, no learned positions. A score loses a little for each
// token between query and key, and each head has its own price. Used by BLOOM and MPT. Source: Press et al.,
// "Train Short, Test Long". B = sequences in a batch, T = new tokens, S = visible keys, H = heads
#pragma once
#include <cstddef>

#include "common/tensor.hpp"

namespace ch9 {

// The price of one token of distance for each head (H): 2^(-8/n), 2^(-16/n), ... 2^-8 for n heads. If n is no
// power of two, they are chosen from those of the next power: every second one from the second on, then the
// others.
Vector alibi_slopes(std::size_t n_heads);

// scores (B, H, T, S) + slope (key position - query position). Queries are at start_pos and later, keys at
// first_key and later.
Tensor4 add_alibi(const Tensor4& scores, std::size_t start_pos, std::size_t first_key);

}  // namespace ch9
