// Processes the same tokens in chunks: the first chunk at once, and the rest one by one or in further chunks.
// With a cache, the result must be the same.
// B = sequences in a batch, T = tokens
#pragma once
#include <cstddef>
#include <functional>
#include <utility>
#include <vector>

#include "common/tensor.hpp"

namespace ch5 {

// One call of an attention: takes tokens (B, t, dim) from position start_pos on, and returns their output (B,
// t, dim).
using Attention = std::function<Tensor3(const Tensor3& x, std::size_t start_pos)>;

// Splits x (B, T, dim) into chunks of the given sizes, calls `attention` for each in turn, and concatenates
// the outputs: (B, T, dim). Throws std::invalid_argument if the sizes do not add up to T.
Tensor3 in_pieces(const Tensor3& x, const std::vector<std::size_t>& sizes, const Attention& attention);

// Splits x (B, T, dim) into its first T - 1 tokens and its last token. Throws std::invalid_argument if T is
// 1.
std::pair<Tensor3, Tensor3> all_but_last(const Tensor3& x);

// The chunk sizes for: the first `prefill` tokens at once, the rest one by one.
std::vector<std::size_t> prefill_then_tokens(std::size_t tokens, std::size_t prefill);

}  // namespace ch5
