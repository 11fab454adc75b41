// Rungs 2 and 3: one kernel for all steps. It reads each number once, rotates it in a register, and writes it
// once, keys directly into the cache. A thread has the same columns in every head, so it reads its angles
// once. Rung 3 does the same with bf16 and 16 bytes for each thread. That halves the bytes, and one warp
// requests 512 bytes at a time.
#pragma once
#include "chapters/06_rotary_position_embedding/cuda/1_separate.cuh"

namespace ch6::KERNEL_SIDE {

constexpr int rope_threads = 128;

// Rotates N numbers of a head, N / 2 pairs, by as many (cos, sin).
template <class T, int N>
__device__ inline Packed<T, N> turn_all(Packed<T, N> numbers, const Packed<float, N>& angles) {
    for (int i = 0; i < N; i += 2) {
        const Packed<float, 2> turned =
            turn({to_float(numbers.at[i]), to_float(numbers.at[i + 1])}, {angles.at[i], angles.at[i + 1]});
        store(numbers.at[i], turned.at[0]);
        store(numbers.at[i + 1], turned.at[1]);
    }
    return numbers;
}

// T is float or bf16. Each thread takes N numbers at a time, so a head has head_dim / N threads. turned_q (B,
// T, H, head_dim). grid (T, B).
template <class T, int N>
__global__ void __launch_bounds__(rope_threads)
    rope_append(RopeShape s, Global<const float> table, Global<const T> xq, Global<const T> xk,
                Global<const T> xv, Global<T> turned_q, Global<T> cache_k, Global<T> cache_v) {
    const int t = blockIdx.x, b = blockIdx.y;
    const int threads_of_head = s.head_dim / N, heads_at_once = rope_threads / threads_of_head;
    const int first_head = threadIdx.x / threads_of_head, column = threadIdx.x % threads_of_head * N;
    if (first_head >= heads_at_once) return;

    const Packed<float, N> angles = read_packed<N>(table, s.angles(t) + column);
    for (int head = first_head; head < s.n_heads; head += heads_at_once) {
        const long place = s.query(b, t) + head * s.head_dim + column;
        write_packed<N>(turned_q, place, turn_all(read_packed<N>(xq, place), angles));
    }
    for (int head = first_head; head < s.n_kv_heads; head += heads_at_once) {
        const long place = s.key(b, t) + head * s.head_dim + column;
        const long cached = s.cached(b, t) + head * s.head_dim + column;
        write_packed<N>(cache_k, cached, turn_all(read_packed<N>(xk, place), angles));
        write_packed<N>(cache_v, cached, read_packed<N>(xv, place));
    }
}

}  // namespace ch6::KERNEL_SIDE
