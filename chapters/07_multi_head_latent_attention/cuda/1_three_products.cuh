// Rung 1: three matrix products by cuBLAS, and a softmax between them.
//
//   scores  = q_absorbed latentsᵀ          content
//   scores += q_pe k_peᵀ                   position
//   weights = softmax(scores)              the kernel below
//   context = weights latents
//
// All heads of a sequence share its latents, so the heads are the rows of each product. This suits tensor
// cores, which run with bf16 and not with floats. But scores and weights go to memory and back, and the
// latents are read twice: once as keys, once as values.
#pragma once
#include "chapters/05_grouped_query_attention/cuda/decode_shape.hpp"
#include "chapters/07_multi_head_latent_attention/cuda/latent_shape.hpp"
#include "common/cuda/warp_sums.cuh"

namespace ch7::KERNEL_SIDE {

constexpr int rows_of_block = 4;

// weights (rows, columns) = softmax(scores * scale), one warp for each row. grid (rows / 4, rounded up).
template <class T>
__global__ void __launch_bounds__(32 * rows_of_block)
    softmax_rows(int rows, int columns, float scale, Global<const float> scores, Global<T> weights) {
    const int row = blockIdx.x * rows_of_block + threadIdx.x / 32, lane = threadIdx.x % 32;
    if (row >= rows) return;
    const Global<const float> score = scores + static_cast<long>(row) * columns;
    const float scale_log2 = scale * ch5::log2_e;

    float largest = -INFINITY, sum = 0;
    for (int i = lane; i < columns; i += 32) largest = fmaxf(largest, score[i] * scale_log2);
    largest = max_over<32>(largest);
    for (int i = lane; i < columns; i += 32) sum += exp2f(score[i] * scale_log2 - largest);
    sum = sum_over<32>(sum);
    for (int i = lane; i < columns; i += 32) {
        T weight;
        store(weight, exp2f(score[i] * scale_log2 - largest) / sum);
        weights[static_cast<long>(row) * columns + i] = weight;
    }
}

}  // namespace ch7::KERNEL_SIDE
