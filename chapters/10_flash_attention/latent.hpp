// Latent attention, fast: chapter 7's two forms on their caches in place.
// B = sequences in a batch, T = queries, S = keys, H = heads, c = kv_lora_rank, and nope, rope, v for
// qk_nope_head_dim, qk_rope_head_dim, v_head_dim
#pragma once
#include <cstddef>

#include "common/attention_call.hpp"

namespace ch10 {

struct LatentCall {
    std::size_t batch = 0, n_queries = 0, n_keys = 0, n_heads = 0;
    HeadsInMemory q_nope, q_pe;    // (B, T, H, nope), (B, T, H, rope) rotated
    const float* wkv_b = nullptr;  // (H * (nope + v), c): for each head the rows of W_UK, then those of W_UV
    std::size_t v_head_dim = 0;
    HeadsInMemory latents, k_pe;  // (B, S, c), (B, S, rope): one row for all heads
    float scale = 1.0f;
    std::size_t start_pos = 0;
};

// Absorbed: W_UK multiplies the queries, all heads attend to the latents themselves, W_UV multiplies the
// result. Writes (B, T, H, v).
void latent_absorbed(const LatentCall& call, float* output, std::size_t threads);

}  // namespace ch10
