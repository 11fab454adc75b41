// The ladder of decoding: one new query, or a few, and many keys. Each key is used only a few times, so the
// time is that of reading keys and values from memory.
#pragma once
#include "chapters/10_flash_attention/prefill.hpp"

namespace ch10 {

void decode_lesson(const AttentionCall& call, float* output, std::size_t threads);     // chapter 5 as it is
void decode_no_copies(const AttentionCall& call, float* output, std::size_t threads);  // strides
void decode_split(const AttentionCall& call, float* output, std::size_t threads);      // keys over threads
void decode_kernel(const AttentionCall& call, float* output, std::size_t threads);     // no BLAS
void decode_latent(const AttentionCall& call, float* output, std::size_t threads);     // small tiles

}  // namespace ch10
