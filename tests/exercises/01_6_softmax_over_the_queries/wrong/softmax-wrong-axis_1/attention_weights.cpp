#include <algorithm>
#include <cmath>

#include "common/tensor.hpp"

// The attention weights of chapter 1: each word attends to all words. (T, d_in) -> (T, T), row = query,
// column = key
Matrix attention_weights(const Matrix& inputs) {
    const Matrix scores = torch::matmul(inputs, torch::transpose(inputs));
    const std::size_t tokens = scores.shape(0);
    Matrix weights = scores;
    for (std::size_t j = 0; j < tokens; ++j) {
        float largest = scores(0, j), sum = 0.0f;
        for (std::size_t i = 1; i < tokens; ++i) largest = std::max(largest, scores(i, j));
        for (std::size_t i = 0; i < tokens; ++i) {
            weights(i, j) = std::exp(scores(i, j) - largest);
            sum += weights(i, j);
        }
        for (std::size_t i = 0; i < tokens; ++i) weights(i, j) /= sum;
    }
    return weights;
}
