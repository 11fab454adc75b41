#include <cmath>

#include "common/tensor.hpp"

// Each head divided by its root mean square, sqrt(mean(x²) + eps), so that the mean of its squares is 1.
// B = sequences, T = tokens, H = heads, d = head_dim: (B, T, H, d) -> (B, T, H, d)
Tensor4 qk_norm(const Tensor4& x, float eps) {
    Tensor4 normed = x;
    for (std::size_t b = 0; b < x.shape(0); ++b) {
        for (std::size_t t = 0; t < x.shape(1); ++t) {
            float squares = 0.0f;
            for (std::size_t h = 0; h < x.shape(2); ++h) {
                for (std::size_t i = 0; i < x.shape(3); ++i) squares += x(b, t, h, i) * x(b, t, h, i);
            }
            const auto count = static_cast<float>(x.shape(2) * x.shape(3));
            const float root_mean_square = std::sqrt(squares / count + eps);
            for (std::size_t h = 0; h < x.shape(2); ++h) {
                for (std::size_t i = 0; i < x.shape(3); ++i) normed(b, t, h, i) /= root_mean_square;
            }
        }
    }
    return normed;
}
