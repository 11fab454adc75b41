#include "common/exercise/missing.hpp"
#include "common/tensor.hpp"

// nn.Linear: y = x Wᵀ + b. x (T, in), weight (out, in), bias (out) -> (T, out)
Matrix linear(const Matrix& x, const Matrix& weight, const Vector& bias) {
    const std::size_t tokens = x.shape(0), out = weight.shape(0);
    Matrix y = xt::zeros<float>({tokens, out});

    // x(t, i), weight(o, i), bias(o) and y(t, o) are single numbers, and i runs from 0 to weight.shape(1)
    // - 1. Your code replaces the next line.
    throw exercise::Missing("each y(t, o): row t of x times row o of the weight, plus bias(o)");

    return y;
}
