#include "common/exercise/missing.hpp"
#include "common/tensor.hpp"

// A sentence (T, d_in) on which the bug shows: a matrix is written Matrix{{0.1f, 0.2f}, {0.3f, 0.4f}}.
Matrix fixture() {
    throw exercise::Missing("return words for which the bug gives other weights than the repair");
}
