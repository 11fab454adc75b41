// Splitting the keys of a decoding step: each thread attends to a part of them, and the parts are merged.
// R = rows of a tile
#pragma once
#include <cstddef>

#include "chapters/10_flash_attention/tile.hpp"

namespace ch10 {

// The number of keys in a part. It does not depend on the number of threads: so neither do the bits of the
// result.
constexpr std::size_t part_keys = 512;

// Attends with all queries of a group in one tile, `keys_at_once` keys at a time. The tile has n_rep * T
// rows, so this is for few queries.
void split_over_threads(const AttentionCall& call, const Methods& methods, std::size_t keys_at_once,
                        float* output, std::size_t threads);

}  // namespace ch10
