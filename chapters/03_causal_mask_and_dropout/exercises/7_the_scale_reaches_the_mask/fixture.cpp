#include <limits>

#include "common/exercise/missing.hpp"
#include "common/tensor.hpp"

// A float mask (T, T) on which the bug shows: a matrix is written Matrix{{0.0f, -1.0f}, {0.5f, 0.0f}}, and -∞
// is -std::numeric_limits<float>::infinity(). The check draws queries and keys for as many tokens.
Matrix fixture() {
    throw exercise::Missing("return a float mask with which the bug gives other weights than the repair");
}
