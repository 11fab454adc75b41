// The sizes of one decoding step on latents, for both rungs.
// B = sequences in a batch, S = tokens in the cache, H = heads, c = kv_lora_rank, rope = qk_rope_head_dim
#pragma once
#include "common/cuda/host_device.hpp"

namespace ch7 {

// queries (B, H, c + rope): for each head its absorbed query, then its rotated q_pe. cache (B, max_tokens, c
// + rope): for each token its latent, then its rotated k_pe, in one row, with data in the first `tokens` rows
// of a sequence. context (B, H, c): the weighted sum of latents.
struct LatentShape {
    int batch;
    int n_heads;
    int kv_lora_rank, qk_rope_head_dim;
    int tokens, max_tokens;
    float softmax_scale;

    __host__ __device__ int width() const { return kv_lora_rank + qk_rope_head_dim; }
    __host__ __device__ long row(int b, int token) const {
        return (static_cast<long>(b) * max_tokens + token) * width();
    }
    __host__ __device__ long query_row(int b, int head) const {
        return (static_cast<long>(b) * n_heads + head) * width();
    }
};

}  // namespace ch7
