// Converts tensors to the row-major floats that devices use, and back.
#pragma once
#include <algorithm>
#include <array>
#include <vector>

#include "common/tensor.hpp"

template <std::size_t N>
std::vector<float> to_floats(const Tensor<N>& tensor) {
    return std::vector<float>(tensor.begin(), tensor.end());
}

// `floats` must have as many numbers as the shape.
template <std::size_t N>
Tensor<N> to_tensor(const std::vector<float>& floats, const std::array<std::size_t, N>& shape) {
    Tensor<N> tensor = Tensor<N>::from_shape(shape);
    std::copy(floats.begin(), floats.end(), tensor.begin());
    return tensor;
}
