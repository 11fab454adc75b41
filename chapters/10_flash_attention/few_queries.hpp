// The products of a few queries with many keys, in vectors. BLAS copies a matrix into blocks before it
// multiplies; for a few queries, that takes longer than the product.
#pragma once
#include "chapters/10_flash_attention/tile.hpp"

namespace ch10 {

extern const Methods only_vectors;  // these products, and softmax in vectors (vectors.hpp)

}  // namespace ch10
