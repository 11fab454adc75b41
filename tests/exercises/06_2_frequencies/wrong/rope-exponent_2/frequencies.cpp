#include <cmath>

#include "common/tensor.hpp"

// theta^(-2i / head_dim) for each pair i of a head: (head_dim / 2). head_dim is even.
Vector frequencies(std::size_t head_dim, float theta) {
    Vector freqs = Vector::from_shape({head_dim / 2});
    for (std::size_t i = 0; i < freqs.size(); ++i) {
        const float exponent = static_cast<float>(i) / static_cast<float>(head_dim);
        freqs(i) = 1.0f / std::pow(theta, exponent);
    }
    return freqs;
}
