#include "common/torch/dropout_mask.hpp"

#include "common/torch/mcg31.hpp"

namespace torch {

std::vector<bool> dropout_mask(Generator& generator, std::size_t size, double keep_probability,
                               DropoutRng build) {
    std::vector<bool> keep(size);
    if (build == DropoutRng::mkl) {
        // One number from PyTorch's generator seeds a second generator, which draws the mask.
        Mcg31 stream(generator.draw32());
        for (std::size_t i = 0; i < size; ++i) keep[i] = stream.next() < keep_probability;
    } else {
        for (std::size_t i = 0; i < size; ++i) keep[i] = generator.uniform_double() < keep_probability;
    }
    return keep;
}

}  // namespace torch
