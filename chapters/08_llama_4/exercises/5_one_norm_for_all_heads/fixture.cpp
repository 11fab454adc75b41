#include "common/exercise/missing.hpp"
#include "common/tensor.hpp"

// Queries (B, T, H, d) on which the bug shows. One sequence with one token and one head of two numbers is
// written
//     return Tensor4{{{{0.1f, 0.2f}}}};
Tensor4 fixture() {
    throw exercise::Missing("return queries on which the bug gives other numbers than the repair");
}
