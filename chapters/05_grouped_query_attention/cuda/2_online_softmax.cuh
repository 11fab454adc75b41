// Rung 2: one pass. One warp for each query head; its 32 lanes divide the columns of a row, so that they read
// neighbours. The kernel updates the softmax with every token, so it stores no scores, and no value waits for
// the last key. What is left: one warp processes all tokens alone, and a batch of one leaves most of the GPU
// idle.
#pragma once
#include "chapters/05_grouped_query_attention/cuda/decode_shape.hpp"
#include "common/cuda/warp_sums.cuh"

namespace ch5::KERNEL_SIDE {

constexpr int columns_of_lane = 8;  // 32 lanes with 8 columns each: head_dim up to 256

// The state of a head after some of its tokens. The context is not divided by `sum` yet, and both are
// relative to `largest`: a token with a larger score scales down everything before it.
struct OnlineSoftmax {
    float largest = -INFINITY;  // of the scores so far, in powers of 2
    float sum = 0;              // of 2^(score - largest)
    float context[columns_of_lane] = {};
};

// A warp attends with one query (head_dim) to the tokens from `first` to `last` - 1.
__device__ inline OnlineSoftmax attend_online(const DecodeShape& s, Global<const float> query,
                                              Global<const float> keys, Global<const float> values, int b,
                                              int kv_head, int first, int last) {
    const int lane = threadIdx.x % 32;
    float q[columns_of_lane];
    for (int i = 0; i < columns_of_lane; ++i) q[i] = lane + 32 * i < s.head_dim ? query[lane + 32 * i] : 0;

    OnlineSoftmax state;
    for (int t = first; t < last; ++t) {
        const long row = s.row(b, t, kv_head);
        float dot = 0;
        for (int i = 0; i < columns_of_lane; ++i) {
            if (lane + 32 * i < s.head_dim) dot += q[i] * keys[row + lane + 32 * i];
        }
        const float score = sum_over<32>(dot) * s.softmax_scale * log2_e;

        const float largest = fmaxf(state.largest, score);
        const float rescale = exp2f(state.largest - largest), weight = exp2f(score - largest);
        state.largest = largest;
        state.sum = state.sum * rescale + weight;
        for (int i = 0; i < columns_of_lane; ++i) {
            const float value = lane + 32 * i < s.head_dim ? values[row + lane + 32 * i] : 0;
            state.context[i] = state.context[i] * rescale + weight * value;
        }
    }
    return state;
}

// grid (B * H).
__global__ void __launch_bounds__(32)
    decode_online_softmax(DecodeShape s, Global<const float> queries, Global<const float> keys,
                          Global<const float> values, Global<float> context) {
    const int b = blockIdx.x / s.n_heads, head = blockIdx.x % s.n_heads, lane = threadIdx.x;
    const long row = s.query_row(b, head);
    const OnlineSoftmax state =
        attend_online(s, queries + row, keys, values, b, head / s.group(), 0, s.tokens);

    for (int i = 0; i < columns_of_lane; ++i) {
        if (lane + 32 * i < s.head_dim) context[row + lane + 32 * i] = state.context[i] / state.sum;
    }
}

}  // namespace ch5::KERNEL_SIDE
