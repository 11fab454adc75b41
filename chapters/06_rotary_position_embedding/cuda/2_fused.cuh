// Rungs 2 and 3: one kernel for all of it. Each number is read once and written once, turned on the way, keys
// straight into the cache. Rung 3 is the same with bf16 and 16 bytes to a thread: half the bytes, and a warp
// asks for 512 of them at a time.
#pragma once
#include "chapters/06_rotary_position_embedding/cuda/1_separate.cuh"

namespace ch6::KERNEL_SIDE {

// A float, or the bf16 nearest to it.
__device__ inline void store(float& to, float number) {
    to = number;
}
__device__ inline void store(bf16& to, float number) {
    to = to_bf16(number);
}

// N numbers of a head, N / 2 pairs, from `column` on.
template <class T, int N>
__device__ inline Packed<T, N> turn_all(Packed<T, N> numbers, Global<const float> angles, int column) {
    for (int i = 0; i < N; i += 2) {
        const Packed<float, 2> turned =
            turn({to_float(numbers.at[i]), to_float(numbers.at[i + 1])}, read_packed<2>(angles, column + i));
        store(numbers.at[i], turned.at[0]);
        store(numbers.at[i + 1], turned.at[1]);
    }
    return numbers;
}

// T is float or bf16, N numbers go to a thread at once. turned_q (B, T, H, head_dim). grid (T, B).
template <class T, int N>
__global__ void __launch_bounds__(128)
    rope_append(RopeShape s, Global<const float> table, Global<const T> xq, Global<const T> xk,
                Global<const T> xv, Global<T> turned_q, Global<T> cache_k, Global<T> cache_v) {
    const int t = blockIdx.x, b = blockIdx.y;
    const Global<const float> angles = table + s.angles(t);
    const int q_numbers = s.n_heads * s.head_dim, kv_numbers = s.n_kv_heads * s.head_dim;

    for (int i = N * threadIdx.x; i < q_numbers; i += N * blockDim.x) {
        const Packed<T, N> numbers = read_packed<N>(xq, s.query(b, t) + i);
        write_packed<N>(turned_q, s.query(b, t) + i, turn_all(numbers, angles, i % s.head_dim));
    }
    for (int i = N * threadIdx.x; i < kv_numbers; i += N * blockDim.x) {
        const Packed<T, N> numbers = read_packed<N>(xk, s.key(b, t) + i);
        write_packed<N>(cache_k, s.cached(b, t) + i, turn_all(numbers, angles, i % s.head_dim));
        write_packed<N>(cache_v, s.cached(b, t) + i, read_packed<N>(xv, s.key(b, t) + i));
    }
}

}  // namespace ch6::KERNEL_SIDE
