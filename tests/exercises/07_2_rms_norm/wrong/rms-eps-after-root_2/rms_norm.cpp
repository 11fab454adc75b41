#include <cmath>

#include "common/tensor.hpp"

// x / sqrt(mean(x²) + eps) * weight, where the mean is over the d numbers of one token.
// B = sequences in a batch, T = tokens: (B, T, d), (d) -> (B, T, d)
Tensor3 rms_norm(const Tensor3& x, const Vector& weight, float eps) {
    Tensor3 normed = x;
    for (std::size_t b = 0; b < x.shape(0); ++b) {
        for (std::size_t t = 0; t < x.shape(1); ++t) {
            float squares = 0.0f;
            for (std::size_t i = 0; i < x.shape(2); ++i) squares += x(b, t, i) * x(b, t, i);
            const float root = std::sqrt(squares / static_cast<float>(x.shape(2))) + eps;
            for (std::size_t i = 0; i < x.shape(2); ++i) normed(b, t, i) = x(b, t, i) / root * weight(i);
        }
    }
    return normed;
}
