// The elements that dropout keeps. The same seed gives different masks in different builds of PyTorch.
// Readers of attention notebooks report this surprise most often; it is not their mistake.
#pragma once
#include <cstddef>
#include <vector>

#include "common/torch/generator.hpp"

namespace torch {

enum class DropoutRng {
    mkl,     // x86-64 wheels up to 2.6, which draw the mask with Intel's MKL: the notebook's build
    generic  // all other builds: newer wheels, macOS and Linux on ARM, Debian's package; the book's figures
};

// `size` samples of Bernoulli(keep_probability): true where dropout keeps the element.
std::vector<bool> dropout_mask(Generator& generator, std::size_t size, double keep_probability,
                               DropoutRng build);

}  // namespace torch
