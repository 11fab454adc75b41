// PyTorch's tensors of random numbers, to the last bit (docs/numbers.md). Each function takes exactly the
// numbers from `generator` that PyTorch would take, so the next samples agree as well.
#pragma once
#include <cstdint>

#include "common/tensor.hpp"
#include "common/torch/generator.hpp"

namespace torch {

// torch.rand(shape): uniform in [0, 1).
Matrix rand(Generator& generator, std::size_t rows, std::size_t columns);

// torch.empty(...).uniform_(low, high): uniform in [low, high).
Matrix uniform(Generator& generator, std::size_t rows, std::size_t columns, float low, float high);
Vector uniform(Generator& generator, std::size_t size, float low, float high);

// torch.randn(shape): standard normal. PyTorch draws fewer than 16 elements one after the other, and 16 or
// more in blocks of 16. The two methods give different numbers for the same seed.
Vector randn(Generator& generator, std::size_t size);
Matrix randn(Generator& generator, std::size_t rows, std::size_t columns);

// torch.randint(low, high, (size,)): whole numbers in [low, high). Throws std::invalid_argument if high <=
// low.
xt::xtensor<std::int64_t, 1> randint(Generator& generator, std::int64_t low, std::int64_t high,
                                     std::size_t size);

}  // namespace torch
