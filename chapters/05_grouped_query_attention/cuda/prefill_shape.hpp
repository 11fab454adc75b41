// The sizes of a prefill, or of one of its chunks.
// B = sequences in a batch, T = new tokens, S = start_pos + T, H = query heads, H_kv = key and value heads
#pragma once
#include "common/cuda/host_device.hpp"

namespace ch5 {

// queries (B, T, H, qk_head_dim), keys (B, S, H_kv, qk_head_dim), values (B, S, H_kv, v_head_dim), context
// (B, T, H, v_head_dim). Query t is at position start_pos + t. It sees the keys from first_key(position) to
// its own.
struct PrefillShape {
    int batch;
    int n_heads, n_kv_heads;
    int qk_head_dim, v_head_dim;
    int new_tokens, start_pos, chunk;
    float softmax_scale;

    __host__ __device__ int tokens() const { return start_pos + new_tokens; }
    __host__ __device__ int group() const { return n_heads / n_kv_heads; }

    // The first position of a query's chunk, or 0 if `chunk` is 0. A window of w tokens would be
    // max(0, position - w + 1) here: the kernel only needs that a later query never sees an earlier first
    // key.
    __host__ __device__ int first_key(int position) const {
        return chunk == 0 ? 0 : position / chunk * chunk;
    }

    // The index at which the row of a token begins, in a tensor of any width.
    __host__ __device__ long query_row(int b, int t, int head, int width) const {
        return ((static_cast<long>(b) * new_tokens + t) * n_heads + head) * width;
    }
    __host__ __device__ long key_row(int b, int token, int kv_head, int width) const {
        return ((static_cast<long>(b) * tokens() + token) * n_kv_heads + kv_head) * width;
    }
};

}  // namespace ch5
