// Why 1/sqrt(d_k): an experiment with random queries and keys.
#pragma once
#include <cstddef>
#include <vector>

#include "common/torch/generator.hpp"

namespace ch2 {

// What many random queries and keys of one width do, without and with the scale.
struct ScalingResult {
    std::size_t d_k;
    double score_variance;         // of q · k, which is about d_k
    double scaled_variance;        // of q · k / sqrt(d_k), which is about 1
    double largest_weight;         // mean over the queries of the largest softmax weight, not scaled
    double scaled_largest_weight;  // the same, scaled
};

// For each width: `queries` queries look at `keys` keys, all entries standard normal.
std::vector<ScalingResult> scaling_experiment(torch::Generator& generator,
                                              const std::vector<std::size_t>& widths, std::size_t queries,
                                              std::size_t keys);

}  // namespace ch2
