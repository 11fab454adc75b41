// The mask of a recipe: causal or both ways, the whole text, a window or a chunk, and padding.
// B = sequences in a batch, T = new tokens, S = visible keys, H = heads
#pragma once
#include <cstddef>

#include "chapters/03_causal_mask_and_dropout/causal_mask.hpp"
#include "chapters/09_every_model/recipe.hpp"
#include "common/tensor.hpp"

namespace ch9 {

// The position of the first key that a query at this position may see.
std::size_t first_visible(const Mask& mask, std::size_t query);

// True if query i must not see key j: (T, S). Queries are at positions from start_pos on, keys from first_key
// on.
ch3::MaskMatrix hidden_keys(const Mask& mask, std::size_t tokens, std::size_t start_pos, std::size_t keys,
                            std::size_t first_key);

// Padding fills short sequences of a batch. Masks the scores (B, H, T, S) of all keys that are padding:
// is_text (B, at least first_key + S) is true for tokens of the text.
Tensor4 hide_padding(const Tensor4& scores, const ch3::MaskMatrix& is_text, std::size_t first_key);

}  // namespace ch9
