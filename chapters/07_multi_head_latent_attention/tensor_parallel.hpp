// Tensor parallelism: splits the heads of one layer among several ranks, as DeepSeek's code does. Each rank
// runs the attention of this chapter, unchanged, on its own heads. wo turns each head's context into a term
// of a sum. So a rank's output is a part of that sum, and an all-reduce adds the parts.
// B = sequences in a batch, T = new tokens
#pragma once
#include <cstddef>
#include <functional>
#include <vector>

#include "chapters/07_multi_head_latent_attention/config.hpp"
#include "chapters/07_multi_head_latent_attention/projections.hpp"
#include "common/ranks/ranks.hpp"
#include "common/tensor.hpp"

namespace ch7 {

// The config of one rank: it has its part of the heads, and everything else is unchanged. Each rank makes its
// caches from it. The naive cache shrinks with the heads; the latent cache does not, because it belongs to no
// head. Throws std::invalid_argument if the heads cannot be split evenly.
Config local_config(const Config& config, std::size_t world_size);

// What one rank holds of the weights, which are stored (out, in):
//   column-parallel  wq or wq_b, wkv_b   the rows that make its heads
//   row-parallel     wo                  the columns that take in its heads
//   whole            wq_a, wkv_a, norms  the latents are the same for all heads
Weights shard(const Weights& weights, const Config& config, std::size_t rank, std::size_t world_size);

struct AllReduced {
    std::vector<Tensor3> partials;  // (B, T, dim)  one for each rank, in order
    Tensor3 output;                 // (B, T, dim)  their sum, which every rank receives
};

// dist.all_reduce(output): every rank computes its partial output, and the sum is returned.
AllReduced all_reduce(const Ranks& ranks, const std::function<Tensor3(std::size_t rank)>& partial_output);

}  // namespace ch7
