// The ladder of prefill: the same attention seven times. Each rung is a file of its own and removes one cost
// of the rung before. All write the same numbers, but for the order of float32 additions.
#pragma once
#include <cstddef>

#include "common/attention_call.hpp"

namespace ch10 {

// Writes (B, T, H, value_dim). Only the last two rungs use more than one thread.
using Rung = void (*)(const AttentionCall& call, float* output, std::size_t threads);

void prefill_lesson(const AttentionCall& call, float* output, std::size_t threads);     // chapter 5 as it is
void prefill_no_copies(const AttentionCall& call, float* output, std::size_t threads);  // strides
void prefill_tiles(const AttentionCall& call, float* output, std::size_t threads);      // online softmax
void prefill_skip(const AttentionCall& call, float* output, std::size_t threads);       // no masked tiles
void prefill_groups(const AttentionCall& call, float* output, std::size_t threads);     // a group's heads
void prefill_threads(const AttentionCall& call, float* output, std::size_t threads);    // tiles over threads
void prefill_vectors(const AttentionCall& call, float* output, std::size_t threads);    // exp in vectors

}  // namespace ch10
