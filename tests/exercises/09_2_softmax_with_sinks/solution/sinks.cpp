#include <algorithm>
#include <cmath>

#include "common/tensor.hpp"

// Softmax along the last axis, with one more score for each head. masked (B, H, T, S), where -inf is a
// masked key; sinks (H), all finite -> the weights of the keys (B, H, T, S).
Tensor4 softmax_with_sinks(const Tensor4& masked, const Vector& sinks) {
    Tensor4 weights = xt::zeros_like(masked);
    const std::size_t keys = masked.shape(3);
    for (std::size_t b = 0; b < masked.shape(0); ++b) {
        for (std::size_t h = 0; h < masked.shape(1); ++h) {
            for (std::size_t t = 0; t < masked.shape(2); ++t) {
                float largest = sinks(h);
                for (std::size_t s = 0; s < keys; ++s) largest = std::max(largest, masked(b, h, t, s));

                float sum = std::exp(sinks(h) - largest);
                for (std::size_t s = 0; s < keys; ++s) sum += std::exp(masked(b, h, t, s) - largest);

                for (std::size_t s = 0; s < keys; ++s) {
                    weights(b, h, t, s) = std::exp(masked(b, h, t, s) - largest) / sum;
                }
            }
        }
    }
    return weights;
}
