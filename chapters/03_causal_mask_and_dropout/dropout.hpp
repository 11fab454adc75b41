// Dropout: in training, a random fraction p of the weights becomes 0, so that the model does not rely on a
// few of them. The other weights are multiplied by 1/(1-p), so the expected sum stays the same.
#pragma once
#include <cstddef>

#include "common/tensor.hpp"
#include "common/torch/dropout_mask.hpp"
#include "common/torch/generator.hpp"

namespace ch3 {

// Dropout is for training only; model.eval() turns it off.
enum class Mode { train, eval };

struct Dropout {
    double p;  // the fraction that is dropped, in [0, 1]
    Mode mode = Mode::train;
    torch::DropoutRng build = torch::DropoutRng::mkl;  // the PyTorch build whose random numbers it draws

    // The result has the same shape. Throws std::invalid_argument if p is not in [0, 1].
    template <std::size_t N>
    Tensor<N> operator()(const Tensor<N>& x, torch::Generator& generator) const;
};

}  // namespace ch3
