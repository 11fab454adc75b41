// Rung 3: many blocks. The tokens are divided into splits. Different blocks process them at the same time,
// each with its own softmax, and merge_splits merges the results. Now a batch of one fills the GPU. What is
// left: the heads of a group still read the same keys and values separately, as floats.
#pragma once
#include "chapters/05_grouped_query_attention/cuda/2_online_softmax.cuh"
#include "chapters/05_grouped_query_attention/cuda/merge_splits.cuh"

namespace ch5::KERNEL_SIDE {

// grid (splits, B * H). partial_context (B, H, splits, head_dim), partial_lse (B, H, splits).
__global__ void __launch_bounds__(32)
    decode_split_kv(DecodeShape s, int tokens_of_split, Global<const float> queries, Global<const float> keys,
                    Global<const float> values, Global<float> partial_context, Global<float> partial_lse) {
    const int split = blockIdx.x, b = blockIdx.y / s.n_heads, head = blockIdx.y % s.n_heads,
              lane = threadIdx.x;
    const int first = split * tokens_of_split, last = min(first + tokens_of_split, s.tokens);
    const OnlineSoftmax state =
        attend_online(s, queries + s.query_row(b, head), keys, values, b, head / s.group(), first, last);

    const long partial = static_cast<long>(blockIdx.y) * gridDim.x + split;
    for (int i = 0; i < columns_of_lane; ++i) {
        if (lane + 32 * i < s.head_dim) {
            partial_context[partial * s.head_dim + lane + 32 * i] = state.context[i] / state.sum;
        }
    }
    if (lane == 0) partial_lse[partial] = state.largest + log2f(state.sum);
}

}  // namespace ch5::KERNEL_SIDE
