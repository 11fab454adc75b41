// The sizes of one decoding step, for all rungs of the ladder.
// B = sequences in a batch, H = query heads, H_kv = key and value heads
#pragma once
#include "common/cuda/host_device.hpp"

namespace ch5 {

// queries (B, H, head_dim), one new token for each sequence; keys and values (B, max_tokens, H_kv, head_dim).
// The new token sees the keys of `tokens` tokens of each sequence: those from first_key on. The cache may
// have earlier keys, which it does not see. context (B, H, head_dim).
struct DecodeShape {
    int batch;
    int n_heads, n_kv_heads;
    int head_dim;
    int tokens, max_tokens, first_key;
    float softmax_scale;

    __host__ __device__ int group() const { return n_heads / n_kv_heads; }

    // The index at which the key or value of a token begins. Token 0 is the first that is seen, so no kernel
    // reads a key before it. Query head h uses head h / group(), so nothing is repeated.
    __host__ __device__ long row(int b, int token, int kv_head) const {
        return ((static_cast<long>(b) * max_tokens + first_key + token) * n_kv_heads + kv_head) * head_dim;
    }
    __host__ __device__ long query_row(int b, int head) const {
        return (static_cast<long>(b) * n_heads + head) * head_dim;
    }
};

// exp(x) = 2^(x log2(e)), and 2^x is one instruction.
constexpr float log2_e = 1.44269504f;

}  // namespace ch5
