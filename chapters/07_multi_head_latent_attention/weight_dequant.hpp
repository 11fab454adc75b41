// Weights of 8 bits, as in DeepSeek-V3's files: E4M3 numbers, and a scale for each block of 128 x 128 of
// them. So each block uses the whole range of E4M3, whatever the size of its numbers. Source: DeepSeek-V3's
// kernel.py.
#pragma once
#include <cstddef>

#include "common/tensor.hpp"

namespace ch7 {

struct QuantizedWeight {
    Matrix values;     // (rows, columns) E4M3 numbers, widened to float32
    Matrix scale_inv;  // (rows / block_size, columns / block_size), both rounded up: one for each block
};

// Multiplies each number by the scale of its block; the last blocks may be smaller. Throws
// std::invalid_argument with both shapes if there is not one scale for each block.
Matrix weight_dequant(const Matrix& values, const Matrix& scale_inv, std::size_t block_size = 128);

// The inverse: scales the largest magnitude of each block to 448, E4M3's largest number. A block of zeros has
// scale 1.
QuantizedWeight weight_quant(const Matrix& weight, std::size_t block_size = 128);

}  // namespace ch7
