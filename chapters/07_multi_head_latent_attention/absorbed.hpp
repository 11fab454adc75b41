// Latent attention, absorbed: keys and values are never computed. The matrix that projects the latent up to
// keys multiplies the queries instead, the matrix for values multiplies the result, and heads attend to the
// latents themselves. Source: DeepSeek-V3's model.py.
// B = sequences in a batch, T = new tokens, S = start_pos + T, H = heads, c = kv_lora_rank, and rope, v for
// qk_rope_head_dim, v_head_dim
#pragma once
#include <cstddef>

#include "chapters/07_multi_head_latent_attention/caches.hpp"
#include "chapters/07_multi_head_latent_attention/config.hpp"
#include "chapters/07_multi_head_latent_attention/projections.hpp"
#include "chapters/07_multi_head_latent_attention/yarn.hpp"
#include "common/tensor.hpp"

namespace ch7 {

struct AbsorbedTrace {
    Projections made;        // queries, latent, k_pe
    Tensor4 q_absorbed;      // (B, T, H, c)   q_nope W_UK: the query in the space of the latents
    Tensor4 scores_nope;     // (B, T, H, S)   content: q_absorbed with the latents in the cache
    Tensor4 scores_pe;       // (B, T, H, S)   position: q_pe_rotated with the k_pe in the cache
    Tensor4 attn_scores;     // (B, T, H, S)   their sum, not yet scaled
    Tensor4 masked;          // (B, T, H, S)   -inf where the key comes after the query
    Tensor4 attn_weights;    // (B, T, H, S)   each row sums to 1
    Tensor4 context_latent;  // (B, T, H, c)   the weighted sum of latents
    Tensor4 head_context;    // (B, T, H, v)   context_latent W_UVᵀ
    Tensor3 output;          // (B, T, dim)
};

// x (B, T, dim) contains the tokens at positions start_pos to start_pos + T - 1. Writes their latents and
// k_pe into the cache and attends to all tokens up to there. Throws std::invalid_argument if sizes do not
// fit.
AbsorbedTrace absorbed_attention(const Tensor3& x, const Weights& weights, const Config& config,
                                 const Positions& positions, LatentCache& cache, std::size_t start_pos);

}  // namespace ch7
