// What the last two rungs share: tiles of queries, spread over threads.
#pragma once
#include <cstddef>

#include "chapters/10_flash_attention/tile.hpp"

namespace ch10 {

// Each tile is computed by one thread, in the same order of additions. So the result has the same bits for
// any number of threads.
void tiles_in_threads(const AttentionCall& call, const Methods& methods, float* output, std::size_t threads);

}  // namespace ch10
