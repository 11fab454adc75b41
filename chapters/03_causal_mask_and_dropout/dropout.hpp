// Dropout: while a model trains, chance takes away a share p of the weights, so that it cannot lean on a few.
// What stays is multiplied by 1/(1-p), so that the expected sum is what it was.
#pragma once
#include <cstddef>

#include "common/tensor.hpp"
#include "common/torch/dropout_mask.hpp"
#include "common/torch/generator.hpp"

namespace ch3 {

// Dropout is for training only: model.eval() switches it off.
enum class Mode { train, eval };

struct Dropout {
    double p;  // the share that is taken away, in [0, 1]
    Mode mode = Mode::train;
    torch::DropoutRng build = torch::DropoutRng::mkl;  // whose random numbers

    // Same shape. Throws std::invalid_argument if p is not in [0, 1].
    template <std::size_t N>
    Tensor<N> operator()(const Tensor<N>& x, torch::Generator& generator) const;
};

}  // namespace ch3
