#include <tuple>

#include "common/exercise/missing.hpp"
#include "common/tensor.hpp"

// Queries (T, d_k) and keys (S, d_k) on which the bug shows, as `return {queries, keys};`. A matrix is
// written Matrix{{0.1f, 0.2f}, {0.3f, 0.4f}}.
std::tuple<Matrix, Matrix> fixture() {
    throw exercise::Missing("return queries and keys on which the bug gives other weights than the repair");
}
