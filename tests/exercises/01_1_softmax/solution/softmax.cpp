#include <cmath>

#include "common/tensor.hpp"

// torch.softmax(scores, dim=-1): every row has positive weights with sum 1. (m, n) -> (m, n)
Matrix softmax(const Matrix& scores) {
    Matrix weights = scores;
    for (std::size_t i = 0; i < scores.shape(0); ++i) {
        float largest = scores(i, 0);
        for (std::size_t j = 1; j < scores.shape(1); ++j) largest = std::max(largest, scores(i, j));
        float sum = 0.0f;
        for (std::size_t j = 0; j < scores.shape(1); ++j) {
            weights(i, j) = std::exp(scores(i, j) - largest);
            sum += weights(i, j);
        }
        for (std::size_t j = 0; j < scores.shape(1); ++j) weights(i, j) /= sum;
    }
    return weights;
}
