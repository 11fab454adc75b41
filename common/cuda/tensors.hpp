// Tensors on their way to a device and back: rows of floats.
#pragma once
#include <algorithm>
#include <array>
#include <vector>

#include "common/tensor.hpp"

template <std::size_t N>
std::vector<float> to_floats(const Tensor<N>& tensor) {
    return std::vector<float>(tensor.begin(), tensor.end());
}

// `floats` has as many numbers as the shape says.
template <std::size_t N>
Tensor<N> to_tensor(const std::vector<float>& floats, const std::array<std::size_t, N>& shape) {
    Tensor<N> tensor = Tensor<N>::from_shape(shape);
    std::copy(floats.begin(), floats.end(), tensor.begin());
    return tensor;
}
