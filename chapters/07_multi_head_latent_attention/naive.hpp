// Latent attention, naive: computes every head's keys and values from the latent, caches them, and attends as
// in chapter 5.
// B = sequences in a batch, T = new tokens, S = start_pos + T, H = heads, and nope, rope, v for
// qk_nope_head_dim, qk_rope_head_dim, v_head_dim
#pragma once
#include <cstddef>

#include "chapters/07_multi_head_latent_attention/caches.hpp"
#include "chapters/07_multi_head_latent_attention/config.hpp"
#include "chapters/07_multi_head_latent_attention/projections.hpp"
#include "chapters/07_multi_head_latent_attention/yarn.hpp"
#include "common/tensor.hpp"

namespace ch7 {

struct NaiveTrace {
    Projections made;      // queries, latent, k_pe
    Tensor4 k_nope;        // (B, T, H, nope)         from the latent, separate for each head
    Tensor4 v;             // (B, T, H, v)            from the latent, separate for each head
    Tensor4 k;             // (B, T, H, nope + rope)  k_nope, followed by the one rotated k_pe
    Tensor4 attn_scores;   // (B, T, H, S)            not yet scaled; with the keys in the cache
    Tensor4 masked;        // (B, T, H, S)            -inf where the key comes after the query
    Tensor4 attn_weights;  // (B, T, H, S)            each row sums to 1
    Tensor4 head_context;  // (B, T, H, v)            weighted sums of the values in the cache
    Tensor3 output;        // (B, T, dim)
};

// x (B, T, dim) contains the tokens at positions start_pos to start_pos + T - 1. Writes their keys and values
// into the cache and attends to all tokens up to there. Throws std::invalid_argument if sizes do not fit.
NaiveTrace naive_attention(const Tensor3& x, const Weights& weights, const Config& config,
                           const Positions& positions, NaiveCache& cache, std::size_t start_pos);

// Its first step: projects down, and up again. Fills made, k_nope, v and k.
NaiveTrace project_up(const Tensor3& x, const Weights& weights, const Config& config,
                      const Positions& positions, std::size_t start_pos);

}  // namespace ch7
