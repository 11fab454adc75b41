// Rung 1: the order of the chapter's own code. One kernel rotates queries, one rotates keys, two copy keys
// and values into the cache. The rotated keys go to memory, and the next kernel reads them again at once.
#pragma once
#include "chapters/06_rotary_position_embedding/cuda/rope_shape.hpp"
#include "common/cuda/kernel_language.cuh"

namespace ch6::KERNEL_SIDE {

// (a, b) becomes (a cos - b sin, a sin + b cos).
__device__ inline Packed<float, 2> turn(const Packed<float, 2>& pair, const Packed<float, 2>& cos_sin) {
    const float a = pair.at[0], b = pair.at[1], cos = cos_sin.at[0], sin = cos_sin.at[1];
    return {a * cos - b * sin, a * sin + b * cos};
}

// Rotates x (B, T, heads, head_dim) in place, one thread for each pair. grid (T, B).
__global__ void __launch_bounds__(128)
    rotate(RopeShape s, int heads, Global<const float> table, Global<float> x) {
    const int t = blockIdx.x, b = blockIdx.y, pairs = s.head_dim / 2;
    const Global<float> token = x + (static_cast<long>(b) * s.new_tokens + t) * heads * s.head_dim;
    for (int i = threadIdx.x; i < heads * pairs; i += blockDim.x) {
        const Packed<float, 2> cos_sin = read_packed<2>(table, s.angles(t) + 2 * (i % pairs));
        write_packed<2>(token, 2 * i, turn(read_packed<2>(token, 2 * i), cos_sin));
    }
}

// Copies x (B, T, H_kv, head_dim) to its place in the cache. grid (T, B).
__global__ void __launch_bounds__(128) append(RopeShape s, Global<const float> x, Global<float> cache) {
    const int t = blockIdx.x, b = blockIdx.y;
    for (int i = threadIdx.x; i < s.n_kv_heads * s.head_dim; i += blockDim.x) {
        cache[s.cached(b, t) + i] = x[s.key(b, t) + i];
    }
}

}  // namespace ch6::KERNEL_SIDE
