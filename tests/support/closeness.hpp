// How close a tensor is to that of another implementation.
#pragma once
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "common/any_tensor.hpp"

// The largest difference, divided by the expected tensor's largest finite value.
// It is infinite if the shapes differ, or if a value is finite on one side only.
inline float relative_difference(const AnyTensor& got, const AnyTensor& expected) {
    constexpr float infinite = std::numeric_limits<float>::infinity();
    if (got.shape != expected.shape) return infinite;
    const auto &a = std::get<std::vector<float>>(got.values),
               &b = std::get<std::vector<float>>(expected.values);
    float difference = 0.0f, size = 0.0f;
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (std::isfinite(b[i])) {
            if (!std::isfinite(a[i])) return infinite;
            difference = std::max(difference, std::abs(a[i] - b[i]));
            size = std::max(size, std::abs(b[i]));
        } else if (!(a[i] == b[i])) {
            return infinite;
        }
    }
    return difference / size;
}
