// One attention for every model: the stages in their order, each switched on or off by the recipe.
// From chapter 3: the masked softmax. From chapter 5: repeat_kv. From chapter 6: the rotation.
// B = sequences in a batch, T = new tokens, S = keys that any of them can see, H = query heads, H_kv = key
// and value heads
#pragma once
#include <cstddef>

#include "chapters/03_causal_mask_and_dropout/causal_mask.hpp"
#include "chapters/09_every_model/cache.hpp"
#include "chapters/09_every_model/recipe.hpp"
#include "chapters/09_every_model/weights.hpp"
#include "common/tensor.hpp"

namespace ch9 {

// The tensor of a stage that the recipe does not have is empty.
struct Trace {
    Tensor4 q;                     // (B, T, H, head_dim)
    Tensor4 k, v;                  // (B, T, H_kv, head_dim)
    Tensor4 gate;                  // (B, T, H, head_dim)
    Tensor4 q_normed, k_normed;    // as q and k
    Tensor4 q_rotated, k_rotated;  // as q and k; the cache stores this form of the keys
    std::size_t first_key = 0;     // the position of the first of the S keys
    Tensor4 keys, values;          // (B, S, H, head_dim)  repeated for the query heads
    Tensor4 attn_scores;           // (B, H, T, S)         q . k, scaled
    Tensor4 capped;                // (B, H, T, S)
    Tensor4 biased;                // (B, H, T, S)         ALiBi, or the bias by distance
    Tensor4 masked;                // (B, H, T, S)
    Tensor4 attn_weights;          // (B, H, T, S)         rows sum to 1, or to less with sinks
    Tensor4 head_context;          // (B, H, T, head_dim)
    Tensor3 combined;              // (B, T, H * head_dim)
    Tensor3 gated;                 // (B, T, H * head_dim)
    Tensor3 output;                // (B, T, dim)
};

// x (B, T, dim) contains the tokens at positions from start_pos on, already normed. Their keys and values
// join those in the cache. If is_text (B, at least start_pos + T) is not empty, it is false for padding.
// Throws std::invalid_argument if shapes do not fit, or if queries look both ways and start_pos is not 0.
Trace attention(const Tensor3& x, const Weights& weights, const Recipe& recipe, Cache& cache,
                std::size_t start_pos, const ch3::MaskMatrix& is_text = {});

// The parts of it that need no scores. prepare() goes from the projections to the last form of queries and
// keys.
struct QueriesAndKeys {
    Tensor4 q, k;
};
QueriesAndKeys prepare(Trace& trace, const Tensor3& x, const Weights& weights, const Recipe& recipe,
                       std::size_t start_pos);
// (B, S, H_kv, d) and (B, T, H_kv, d) -> (B, S + T, H_kv, d)
Tensor4 one_after_the_other(const Tensor4& old, const Tensor4& added);
// From `combined` to the output.
void project_out(Trace& trace, const Weights& weights, const Recipe& recipe);

}  // namespace ch9
