#include <limits>

#include "common/exercise/missing.hpp"
#include "common/tensor.hpp"

// Masked scores (T, S) on which the bug shows: a matrix is written Matrix{{0.1f, 0.2f}, {0.3f, 0.4f}}, and -∞
// is -std::numeric_limits<float>::infinity().
Matrix fixture() {
    throw exercise::Missing("return masked scores on which the bug gives other weights than the repair");
}
