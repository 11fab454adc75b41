#include "common/tensor.hpp"

// nn.Linear: y = x Wᵀ + b. x (T, in), weight (out, in), bias (out) -> (T, out)
Matrix linear(const Matrix& x, const Matrix& weight, const Vector& bias) {
    const std::size_t tokens = x.shape(0), in = weight.shape(1), out = weight.shape(0);
    Matrix y = xt::zeros<float>({tokens, out});
    for (std::size_t t = 0; t < tokens; ++t) {
        for (std::size_t o = 0; o < out; ++o) {
            y(t, o) = bias(o);
            for (std::size_t i = 0; i < in; ++i) y(t, o) += x(t, i) * weight(i, o);
        }
    }
    return y;
}
