// The chunked mask: positions 0 to chunk - 1 are one chunk, the next `chunk` positions another. A query sees
// only the keys of its own chunk. This is no window: the first token of a chunk sees itself alone.
// T = new tokens, S = start_pos + T
#pragma once
#include <cstddef>

#include "chapters/03_causal_mask_and_dropout/causal_mask.hpp"

namespace ch8 {

// True if query i, at position start_pos + i, must not see key j: because j is later, or in an earlier chunk.
// (T, S). It is correct for a single token too.
ch3::MaskMatrix chunked_mask(std::size_t tokens, std::size_t start_pos, std::size_t chunk);

}  // namespace ch8
