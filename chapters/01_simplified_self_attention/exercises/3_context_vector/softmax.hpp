// Given: softmax of one row of scores, as in the lesson.
#pragma once
#include <algorithm>
#include <cmath>

#include "common/tensor.hpp"

// (T) -> (T), positive weights with sum 1
inline Vector softmax(const Vector& scores) {
    Vector weights = scores;
    const float largest = *std::max_element(scores.begin(), scores.end());
    float sum = 0.0f;
    for (std::size_t i = 0; i < scores.size(); ++i) {
        weights(i) = std::exp(scores(i) - largest);
        sum += weights(i);
    }
    for (std::size_t i = 0; i < scores.size(); ++i) weights(i) /= sum;
    return weights;
}
