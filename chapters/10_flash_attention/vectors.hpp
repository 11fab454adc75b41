// The vector code of this chapter: softmax's exp, and the products of a few queries with many keys. Highway
// compiles it for several kinds of processors (on x86: SSE4, AVX2, AVX-512; on ARM: NEON, SVE), and the
// program chooses when it runs.
#pragma once
#include <cstddef>
#include <span>
#include <string>

#include "chapters/10_flash_attention/tile.hpp"

namespace ch10 {

extern const Methods blas_and_vectors;  // BLAS for the products, vectors for softmax
extern const Methods only_vectors;      // vectors for all: for few queries, where BLAS is slow

// Replaces each x <= 0 by exp(x), within 2 units in the last place; below -87.3 by 0. NaN stays NaN.
void exp_in_vectors(std::span<float> x);

// "AVX3", "AVX2", "NEON" ...: what was chosen on this processor.
std::string vector_instructions();

}  // namespace ch10
