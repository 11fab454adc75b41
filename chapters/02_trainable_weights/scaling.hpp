// An experiment with random queries and keys: why attention divides by sqrt(d_k).
#pragma once
#include <cstddef>
#include <vector>

#include "common/torch/generator.hpp"

namespace ch2 {

// The results for one width, without and with the scale.
struct ScalingResult {
    std::size_t d_k;
    double score_variance;         // of q · k, about d_k
    double scaled_variance;        // of q · k / sqrt(d_k), about 1
    double largest_weight;         // the largest softmax weight, mean over the queries, not scaled
    double scaled_largest_weight;  // the same, scaled
};

// For each width: `queries` queries attend to `keys` keys, and all entries are standard normal.
std::vector<ScalingResult> scaling_experiment(torch::Generator& generator,
                                              const std::vector<std::size_t>& widths, std::size_t queries,
                                              std::size_t keys);

}  // namespace ch2
