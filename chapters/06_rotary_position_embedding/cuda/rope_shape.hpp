// The sizes of new tokens and of their cache.
// B = sequences in a batch, T = new tokens, H = query heads, H_kv = key and value heads, P = positions in the
// table
#pragma once
#include "common/cuda/host_device.hpp"

namespace ch6 {

// xq (B, T, H, head_dim), xk and xv (B, T, H_kv, head_dim); table (P, head_dim / 2) of pairs (cos, sin); the
// caches (B, max_tokens, H_kv, head_dim). Token t is at position start_pos + t. Pairs are neighbours, as in
// Llama's own layout.
struct RopeShape {
    int batch;
    int n_heads, n_kv_heads;
    int head_dim;
    int new_tokens, start_pos, max_tokens;

    __host__ __device__ long query(int b, int t) const {
        return (static_cast<long>(b) * new_tokens + t) * n_heads * head_dim;
    }
    __host__ __device__ long key(int b, int t) const {
        return (static_cast<long>(b) * new_tokens + t) * n_kv_heads * head_dim;
    }
    __host__ __device__ long cached(int b, int t) const {
        return (static_cast<long>(b) * max_tokens + start_pos + t) * n_kv_heads * head_dim;
    }
    __host__ __device__ long angles(int t) const { return static_cast<long>(start_pos + t) * head_dim; }
};

}  // namespace ch6
