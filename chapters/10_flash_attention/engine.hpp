// The fast attention: the last rung of the ladder that fits a call.
#pragma once
#include "common/attention_call.hpp"

namespace ch10 {

// Few queries for each key: the keys are split over threads. Many: the queries are. Uses default_threads().
void flash_attention(const AttentionCall& call, float* output);

}  // namespace ch10
