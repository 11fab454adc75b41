// Any recipe with an engine (chapter 10 has one), which makes no scores. Each choice of the recipe about
// scores is a number of the call: scale, soft cap, bias by distance, sinks, window, chunk, padding. B =
// sequences in a batch, T = new tokens, S = keys that any of them can see, H = query heads
#pragma once
#include <cstddef>

#include "chapters/09_every_model/attention.hpp"
#include "common/attention_call.hpp"

namespace ch9 {

// As attention(). keys, values, head_context and everything between attn_scores and attn_weights stay empty.
Trace attention_with_engine(AttentionEngine engine, const Tensor3& x, const Weights& weights,
                            const Recipe& recipe, Cache& cache, std::size_t start_pos,
                            const ch3::MaskMatrix& is_text = {});

// The call for T new tokens, without its tensors: sizes, and the rules of its scores. `weights` must outlive
// it.
AttentionCall call_of(const Recipe& recipe, const Weights& weights, std::size_t batch, std::size_t tokens,
                      std::size_t start_pos);

// ALiBi's number, or T5's, for each head and each distance that occurs between the queries and keys of a
// call.
BiasByDistance bias_by_distance(const Recipe& recipe, const Weights& weights, const AttentionCall& call);

}  // namespace ch9
