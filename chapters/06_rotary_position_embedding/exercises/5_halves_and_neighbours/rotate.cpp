#include <cmath>

#include "common/tensor.hpp"

// Rotates the queries of one head of a Hugging Face checkpoint (q_proj). Token t is at position t, and theta
// is 10000. (T, head_dim) -> (T, head_dim), with the columns in the same order
Matrix rotate(const Matrix& queries) {
    const std::size_t tokens = queries.shape(0), head_dim = queries.shape(1), pairs = head_dim / 2;
    Matrix rotated = queries;
    for (std::size_t t = 0; t < tokens; ++t) {
        for (std::size_t i = 0; i < pairs; ++i) {
            const float exponent = static_cast<float>(2 * i) / static_cast<float>(head_dim);
            const float angle = static_cast<float>(t) / std::pow(10000.0f, exponent);
            const std::size_t first = 2 * i, second = 2 * i + 1;
            rotated(t, first) = queries(t, first) * std::cos(angle) - queries(t, second) * std::sin(angle);
            rotated(t, second) = queries(t, first) * std::sin(angle) + queries(t, second) * std::cos(angle);
        }
    }
    return rotated;
}
