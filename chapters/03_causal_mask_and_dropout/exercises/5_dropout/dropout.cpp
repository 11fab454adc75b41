#include "common/exercise/missing.hpp"
#include "common/tensor.hpp"

// nn.Dropout(p) on attention weights. keep(i, j) is 1 where dropout keeps weight (i, j), and 0 where it drops
// it. `training` is false at inference.
// weights (T, S), keep (T, S) -> (T, S); T = queries, S = keys
Matrix dropout(const Matrix& weights, const Matrix& keep, float p, bool training) {
    Matrix dropped = weights;

    // dropped(i, j) is one weight, dropped.shape(0) is T, and dropped.shape(1) is S. Your code replaces the
    // next line.
    throw exercise::Missing("0 where keep is 0, and the factor 1/(1-p) where keep is 1, in training only");

    return dropped;
}
