// torch.nn.Linear: stores a weight of shape (out, in) and computes y = x Wᵀ + b.
// T = tokens, B = sequences in a batch
#pragma once
#include <cstddef>
#include <optional>

#include "common/tensor.hpp"
#include "common/torch/generator.hpp"

namespace ch2 {

struct Linear {
    Matrix weight;               // (out, in): row j computes output j
    std::optional<Vector> bias;  // (out)

    // (T, in) -> (T, out), and the same for a batch: (B, T, in) -> (B, T, out)
    [[nodiscard]] Matrix operator()(const Matrix& x) const;
    [[nodiscard]] Tensor3 operator()(const Tensor3& x) const;
};

// The initial values of nn.Linear(in, out, bias): uniform in [-1/sqrt(in), 1/sqrt(in)). Draws the weight
// before the bias.
Linear random_linear(torch::Generator& generator, std::size_t in, std::size_t out, bool bias = false);

}  // namespace ch2
