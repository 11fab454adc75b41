// Sums and maxima over lanes: log2(n) exchanges, after which every lane has the result.
#pragma once
#include "common/cuda/kernel_language.cuh"

inline namespace KERNEL_SIDE {

// Each group has `lanes` neighbouring lanes; 32 is the whole warp.
template <int lanes>
__device__ inline float sum_over(float value, Place place = Place::current()) {
    for (int mask = lanes / 2; mask > 0; mask /= 2) value += shuffle_xor(value, mask, place);
    return value;
}
template <int lanes>
__device__ inline float max_over(float value, Place place = Place::current()) {
    for (int mask = lanes / 2; mask > 0; mask /= 2) value = fmaxf(value, shuffle_xor(value, mask, place));
    return value;
}

}  // namespace KERNEL_SIDE
