#include "common/exercise/missing.hpp"
#include "common/tensor.hpp"

// Queries (T, head_dim) on which the bug shows, with an even head_dim: a matrix is written
// Matrix{{0.1f, 0.2f}, {0.3f, 0.4f}}.
Matrix fixture() {
    throw exercise::Missing("return queries that the bug rotates in another way than the repair");
}
