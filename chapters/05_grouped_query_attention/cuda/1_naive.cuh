// Rung 1: the formula, unchanged. One block for each query head; in it first one thread for each token, then
// one for each column. The cost: every head reads all keys and values of its group again; each thread reads a
// row of its own, so a warp touches 32 places at once; and the scores are written to memory and read back
// three times.
#pragma once
#include "chapters/05_grouped_query_attention/cuda/decode_shape.hpp"
#include "common/cuda/kernel_language.cuh"

namespace ch5::KERNEL_SIDE {

// grid (H, B). scores: (B, H, tokens), used only inside the kernel.
__global__ void __launch_bounds__(128)
    decode_naive(DecodeShape s, Global<const float> queries, Global<const float> keys,
                 Global<const float> values, Global<float> scores, Global<float> context) {
    const int head = blockIdx.x, b = blockIdx.y, kv_head = head / s.group();
    const Global<const float> query = queries + s.query_row(b, head);
    const Global<float> score = scores + (static_cast<long>(b) * s.n_heads + head) * s.tokens;

    // q · k, one thread for each token.
    for (int t = threadIdx.x; t < s.tokens; t += blockDim.x) {
        const Global<const float> key = keys + s.row(b, t, kv_head);
        float dot = 0;
        for (int i = 0; i < s.head_dim; ++i) dot += query[i] * key[i];
        score[t] = dot * s.softmax_scale;
    }
    __syncthreads();

    // The maximum and the sum for softmax: every thread computes both.
    float largest = -INFINITY, sum = 0;
    for (int t = 0; t < s.tokens; ++t) largest = fmaxf(largest, score[t]);
    for (int t = 0; t < s.tokens; ++t) sum += expf(score[t] - largest);

    // The weighted sum of values, one thread for each column.
    for (int i = threadIdx.x; i < s.head_dim; i += blockDim.x) {
        float mixed = 0;
        for (int t = 0; t < s.tokens; ++t)
            mixed += expf(score[t] - largest) * values[s.row(b, t, kv_head) + i];
        context[s.query_row(b, head) + i] = mixed / sum;
    }
}

}  // namespace ch5::KERNEL_SIDE
