// Splitting the keys: where there are few queries, threads share the keys of each. Each attends to a part of
// the keys, and the parts are merged.
#pragma once
#include <cstddef>

#include "chapters/10_flash_attention/tile.hpp"

namespace ch10 {

// Attends `keys_at_once` keys at a time. The parts and their order do not depend on the number of threads, so
// neither do the bits of the result.
void split_over_threads(const AttentionCall& call, const Methods& methods, std::size_t keys_at_once,
                        float* output, std::size_t threads);

// In how many parts so many keys are split: 1 to 32.
std::size_t number_of_parts(std::size_t n_keys);

}  // namespace ch10
