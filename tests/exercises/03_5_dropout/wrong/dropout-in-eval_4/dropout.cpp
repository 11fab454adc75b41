#include "common/tensor.hpp"

// nn.Dropout(p) on attention weights. keep(i, j) is 1 where dropout keeps weight (i, j), and 0 where it drops
// it. `training` is false at inference.
// weights (T, S), keep (T, S) -> (T, S); T = queries, S = keys
Matrix dropout(const Matrix& weights, const Matrix& keep, float p, bool training) {
    Matrix dropped = weights;
    for (std::size_t i = 0; i < weights.shape(0); ++i) {
        for (std::size_t j = 0; j < weights.shape(1); ++j)
            dropped(i, j) = keep(i, j) == 0.0f ? 0.0f : weights(i, j) / (1.0f - p);
    }
    return dropped;
}
