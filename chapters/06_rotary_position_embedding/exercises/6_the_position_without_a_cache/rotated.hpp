// Given: the rotation of neighbouring pairs, with theta = 10000.
#pragma once
#include <cmath>
#include <cstddef>

#include "common/tensor.hpp"

// Rotates the queries of one head, whose first token is at position start_pos: (T, head_dim) -> (T, head_dim)
inline Matrix rotated(const Matrix& queries, std::size_t start_pos) {
    Matrix result = queries;
    for (std::size_t t = 0; t < queries.shape(0); ++t) {
        for (std::size_t d = 0; d + 1 < queries.shape(1); d += 2) {
            const float exponent = static_cast<float>(d) / static_cast<float>(queries.shape(1));
            const float angle = static_cast<float>(start_pos + t) / std::pow(10000.0f, exponent);
            const float a = queries(t, d), b = queries(t, d + 1);
            result(t, d) = a * std::cos(angle) - b * std::sin(angle);
            result(t, d + 1) = a * std::sin(angle) + b * std::cos(angle);
        }
    }
    return result;
}
