#include <cmath>

#include "common/tensor.hpp"

// Rotates each pair of neighbours (2i, 2i + 1) by position * freqs(i). The tokens of x are at the positions
// from start_pos on. x (B, T, H, head_dim), freqs (head_dim / 2) -> (B, T, H, head_dim)
Tensor4 rotate(const Tensor4& x, const Vector& freqs, std::size_t start_pos) {
    Tensor4 rotated = x;
    for (std::size_t b = 0; b < x.shape(0); ++b) {
        for (std::size_t t = 0; t < x.shape(1); ++t) {
            for (std::size_t h = 0; h < x.shape(2); ++h) {
                for (std::size_t i = 0; i < freqs.size(); ++i) {
                    const float angle = static_cast<float>(start_pos + t) * freqs(i);
                    const float first = x(b, t, h, i), second = x(b, t, h, i + freqs.size());
                    rotated(b, t, h, i) = first * std::cos(angle) - second * std::sin(angle);
                    rotated(b, t, h, i + freqs.size()) = first * std::sin(angle) + second * std::cos(angle);
                }
            }
        }
    }
    return rotated;
}
