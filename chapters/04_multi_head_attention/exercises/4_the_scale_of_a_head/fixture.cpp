#include "common/exercise/missing.hpp"
#include "common/tensor.hpp"

// Queries (B, H, T, head_dim) on which the bug shows; the check takes them as keys too.
Tensor4 fixture() {
    // A tensor is written with four braces, one for each axis. This one has the shape (1, 1, 2, 3): 1
    // sequence, 1 head, 2 tokens, 3 columns.
    //     return Tensor4{{{{0.1f, 0.2f, 0.3f}, {0.4f, 0.5f, 0.6f}}}};
    throw exercise::Missing("return queries on which the bug gives other weights than the repair");
}
