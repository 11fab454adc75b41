// Softmax in vectors: exp of 16 scores at once. Highway compiles this for several kinds of processors (on
// x86: SSE4, AVX2, AVX-512; on ARM: NEON), and the program chooses when it runs.
#pragma once
#include <cstddef>
#include <span>
#include <string>

#include "chapters/10_flash_attention/tile.hpp"

namespace ch10 {

// What Methods has for softmax.
namespace vectors {
float largest(const float* scores, std::size_t size);
float exp_and_sum(float* scores, std::size_t size, float max);
void multiply_row(float* row, std::size_t size, float factor);
void add_row(float* row, const float* other, std::size_t size, float factor);
}  // namespace vectors

extern const Methods blas_and_vectors;  // BLAS for the products, vectors for softmax

// Replaces each x <= 0 by exp(x), within 2 units in the last place; below -87.3 by 0. NaN stays NaN.
void exp_in_vectors(std::span<float> x);

// "AVX3", "AVX2", "NEON" ...: what was chosen on this processor.
std::string vector_instructions();

}  // namespace ch10
