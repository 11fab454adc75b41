#include <algorithm>
#include <cmath>
#include <limits>

#include "common/tensor.hpp"

// The attention weights of masked scores: softmax of each row. A masked score is -∞, and a row of only -∞
// gives zeros. T = queries, S = keys. (T, S) -> (T, S)
Matrix masked_softmax(const Matrix& masked_scores) {
    Matrix weights = masked_scores;
    for (std::size_t i = 0; i < weights.shape(0); ++i) {
        // The largest score of the row, so that exp does not overflow.
        float largest = weights(i, 0);
        for (std::size_t j = 1; j < weights.shape(1); ++j) largest = std::max(largest, weights(i, j));

        float sum = 0.0f;
        for (std::size_t j = 0; j < weights.shape(1); ++j) {
            weights(i, j) = std::exp(weights(i, j) - largest);
            sum += weights(i, j);
        }
        for (std::size_t j = 0; j < weights.shape(1); ++j) {
            weights(i, j) /= sum;
            if (std::isnan(weights(i, j))) weights(i, j) = 0.0f;
        }
    }
    return weights;
}
