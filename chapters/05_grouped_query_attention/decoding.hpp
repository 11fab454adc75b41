// The same tokens in pieces: a first part at once, the rest one by one or in chunks. The cache must make
// no difference.
// B = sequences in a batch, T = tokens
#pragma once
#include <cstddef>
#include <functional>
#include <utility>
#include <vector>

#include "common/tensor.hpp"

namespace ch5 {

// One call of an attention: some tokens (B, t, dim) that begin at start_pos, and their output (B, t, dim).
using Attention = std::function<Tensor3(const Tensor3& x, std::size_t start_pos)>;

// Cuts x (B, T, dim) into pieces of the given sizes, calls `attention` for each in turn, and puts the outputs
// together again: (B, T, dim). Throws std::invalid_argument if the sizes do not add up to T.
Tensor3 in_pieces(const Tensor3& x, const std::vector<std::size_t>& sizes, const Attention& attention);

// x (B, T, dim) as its first T - 1 tokens and its last one. Throws std::invalid_argument if T is 1.
std::pair<Tensor3, Tensor3> all_but_last(const Tensor3& x);

// The sizes for: the first `prefill` tokens at once, the rest one by one.
std::vector<std::size_t> prefill_then_tokens(std::size_t tokens, std::size_t prefill);

}  // namespace ch5
