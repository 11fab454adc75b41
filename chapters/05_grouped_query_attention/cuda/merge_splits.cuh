// Merges several partial softmaxes of one row: the weight of each is 2^lse, the sum of its exponentials.
#pragma once
#include "common/cuda/kernel_language.cuh"

namespace ch5::KERNEL_SIDE {

// partial_context (rows, splits, width), each already divided by its own sum; partial_lse (rows, splits), the
// log2 of that sum; context (rows, width). grid (rows). static: chapters 5 and 7 both compile it.
static __global__ void __launch_bounds__(128)
    merge_splits(int splits, int width, Global<const float> partial_context, Global<const float> partial_lse,
                 Global<float> context) {
    const long row = blockIdx.x;
    float largest = -INFINITY, sum = 0;
    for (int i = 0; i < splits; ++i) largest = fmaxf(largest, partial_lse[row * splits + i]);
    for (int i = 0; i < splits; ++i) sum += exp2f(partial_lse[row * splits + i] - largest);

    for (int column = threadIdx.x; column < width; column += blockDim.x) {
        float mixed = 0;
        for (int i = 0; i < splits; ++i) {
            const float share = exp2f(partial_lse[row * splits + i] - largest) / sum;
            mixed += share * partial_context[(row * splits + i) * width + column];
        }
        context[row * width + column] = mixed;
    }
}

}  // namespace ch5::KERNEL_SIDE
