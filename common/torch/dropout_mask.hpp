// Which elements dropout keeps. The same seed gives different masks in different builds of PyTorch: the
// most reported surprise of attention notebooks, and no mistake of the reader's.
#pragma once
#include <cstddef>
#include <vector>

#include "common/torch/generator.hpp"

namespace torch {

enum class DropoutRng {
    mkl,     // x86-64 wheels up to 2.6, which draw it with Intel's MKL: the notebook's build
    generic  // everything else: newer wheels, macOS and Linux on ARM, Debian's package; the book's figures
};

// `size` draws of Bernoulli(keep_probability): true where the element is kept.
std::vector<bool> dropout_mask(Generator& generator, std::size_t size, double keep_probability,
                               DropoutRng build);

}  // namespace torch
