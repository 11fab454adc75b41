// The fast attention: the last rung of the ladder that fits a call.
#pragma once
#include <cstddef>

#include "common/attention_call.hpp"

namespace ch10 {

// Few queries for each key: the keys are split over threads. Many: the queries are. Uses default_threads().
void flash_attention(const AttentionCall& call, float* output);

// The bytes of the tiles that it allocates for a call of these sizes. BLAS has memory of its own besides.
std::size_t scratch_bytes(const AttentionCall& call);

}  // namespace ch10
