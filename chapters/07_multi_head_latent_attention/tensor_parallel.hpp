// Tensor parallelism: the heads of one layer shared out to several ranks, as DeepSeek's code runs them. Each
// rank runs the attention of this chapter, unchanged, on its own heads. Through wo each head's context ends
// as a term of a sum, so that a rank's output is its part of that sum, and an all-reduce makes it whole. B =
// sequences in a batch, T = new tokens
#pragma once
#include <cstddef>
#include <functional>
#include <vector>

#include "chapters/07_multi_head_latent_attention/config.hpp"
#include "chapters/07_multi_head_latent_attention/projections.hpp"
#include "common/ranks/ranks.hpp"
#include "common/tensor.hpp"

namespace ch7 {

// The layer as one rank sees it: its share of the heads, all else as it was. Caches are made from it, one a
// rank: the naive one shrinks with the heads, the latent one does not, because it belongs to no head.
// Throws std::invalid_argument where the heads cannot be shared evenly.
Config local_config(const Config& config, std::size_t world_size);

// What one rank holds of the weights, which are stored (out, in):
//   column-parallel  wq or wq_b, wkv_b   the rows that make its heads
//   row-parallel     wo                  the columns that take in its heads
//   whole            wq_a, wkv_a, norms  the latents are the same for all heads
Weights shard(const Weights& weights, const Config& config, std::size_t rank, std::size_t world_size);

struct AllReduced {
    std::vector<Tensor3> partials;  // (B, T, dim)  of each rank, in their order
    Tensor3 output;                 // (B, T, dim)  their sum, which every rank then has
};

// dist.all_reduce(output): has every rank compute its partial output, and adds them up.
AllReduced all_reduce(const Ranks& ranks, const std::function<Tensor3(std::size_t rank)>& partial_output);

}  // namespace ch7
