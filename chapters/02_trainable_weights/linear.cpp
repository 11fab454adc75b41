#include "chapters/02_trainable_weights/linear.hpp"

#include <cmath>

#include "common/torch/random.hpp"

namespace ch2 {

Matrix Linear::operator()(const Matrix& x) const {
    // x Wᵀ. The product reads the weight as it is stored, without a copy.
    Matrix y = torch::matmul_transposed(x, weight);
    if (bias) y += *bias;
    return y;
}

Tensor3 Linear::operator()(const Tensor3& x) const {
    Tensor3 y = torch::matmul_transposed(x, weight);
    if (bias) y += *bias;
    return y;
}

Linear random_linear(torch::Generator& generator, std::size_t in, std::size_t out, bool bias) {
    // Computed in double and rounded once: PyTorch's kaiming_uniform_ gives this float32.
    const auto bound = static_cast<float>(1.0 / std::sqrt(static_cast<double>(in)));
    Linear linear{torch::uniform(generator, out, in, -bound, bound), std::nullopt};
    if (bias) linear.bias = torch::uniform(generator, out, -bound, bound);
    return linear;
}

}  // namespace ch2
