// T5's relative position bias: a learned number for each head and each bucket of distances is added to a
// score. Each near distance has a bucket of its own; far distances share buckets that grow with the
// logarithm. Source: Raffel et al., "Exploring the Limits of Transfer Learning". B = sequences in a batch, T
// = new tokens, S = visible keys, H = heads
#pragma once
#include <cstddef>

#include "chapters/09_every_model/recipe.hpp"
#include "common/tensor.hpp"

namespace ch9 {

// The bucket of a key at `key` for a query at `query`. If queries look both ways, later keys have the upper
// half of the buckets.
std::size_t distance_bucket(std::size_t query, std::size_t key, const DistanceBias& choice, bool both_ways);

// scores (B, H, T, S) + table(bucket, head), with table (buckets, H).
Tensor4 add_distance_bias(const Tensor4& scores, const Matrix& table, const DistanceBias& choice,
                          bool both_ways, std::size_t start_pos, std::size_t first_key);

}  // namespace ch9
