#include "common/exercise/missing.hpp"
#include "common/tensor.hpp"

// Scores (T, S) on which the bug shows, with S >= T: a matrix is written Matrix{{0.1f, 0.2f}, {0.3f, 0.4f}}.
Matrix fixture() {
    throw exercise::Missing("return scores on which the bug gives other weights than the repair");
}
