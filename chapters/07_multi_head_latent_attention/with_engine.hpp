// Both forms of latent attention with an engine (chapter 10 has one), which makes no scores. It reads keys in
// two parts, content and position, and adds the products.
#pragma once
#include <cstddef>

#include "chapters/07_multi_head_latent_attention/absorbed.hpp"
#include "chapters/07_multi_head_latent_attention/naive.hpp"
#include "common/attention_call.hpp"

namespace ch7 {

// As naive_attention. keys, values, attn_scores, masked and attn_weights stay empty.
NaiveTrace naive_with_engine(AttentionEngine engine, const Tensor3& x, const Weights& weights,
                             const Config& config, const Positions& positions, NaiveCache& cache,
                             std::size_t start_pos);

// As absorbed_attention. latents, turned_k_pe, all scores, masked and attn_weights stay empty.
AbsorbedTrace absorbed_with_engine(AttentionEngine engine, const Tensor3& x, const Weights& weights,
                                   const Config& config, const Positions& positions, LatentCache& cache,
                                   std::size_t start_pos);

// The calls that they make. The trace and the cache must outlive them.
AttentionCall naive_call(const NaiveTrace& trace, const Positions& positions, const NaiveCache& cache,
                         std::size_t start_pos);
AttentionCall absorbed_call(const AbsorbedTrace& trace, const Positions& positions, const LatentCache& cache,
                            std::size_t start_pos);

}  // namespace ch7
