#include <cmath>

#include "common/tensor.hpp"

// torch.softmax(scores, dim=-1): every row has positive weights with sum 1. (m, n) -> (m, n)
Matrix softmax(const Matrix& scores) {
    Matrix weights = scores;
    for (std::size_t j = 0; j < scores.shape(1); ++j) {
        float largest = scores(0, j), sum = 0.0f;
        for (std::size_t i = 1; i < scores.shape(0); ++i) largest = std::max(largest, scores(i, j));
        for (std::size_t i = 0; i < scores.shape(0); ++i) sum += std::exp(scores(i, j) - largest);
        for (std::size_t i = 0; i < scores.shape(0); ++i)
            weights(i, j) = std::exp(scores(i, j) - largest) / sum;
    }
    return weights;
}
