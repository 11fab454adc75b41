// bfloat16 is the upper half of a float: the same range, 8 bits of precision instead of 24, half the bytes.
#pragma once
#include <cstdint>
#include <cstring>

#include "common/cuda/host_device.hpp"

struct bf16 {
    std::uint16_t bits;
};

__host__ __device__ inline float to_float(bf16 number) {
    const std::uint32_t bits = static_cast<std::uint32_t>(number.bits) << 16;
    float result;
    memcpy(&result, &bits, sizeof result);
    return result;
}
__host__ __device__ inline float to_float(float number) {
    return number;
}

// Rounds to the nearest bf16, ties to even; NaN stays NaN.
__host__ __device__ inline bf16 to_bf16(float number) {
    std::uint32_t bits;
    memcpy(&bits, &number, sizeof bits);
    if (number != number) return {static_cast<std::uint16_t>(bits >> 16 | 0x40u)};
    bits += 0x7fffu + (bits >> 16 & 1u);
    return {static_cast<std::uint16_t>(bits >> 16)};
}

// Stores a float as a float or as the nearest bf16, for kernels that support both types.
__host__ __device__ inline void store(float& to, float number) {
    to = number;
}
__host__ __device__ inline void store(bf16& to, float number) {
    to = to_bf16(number);
}
