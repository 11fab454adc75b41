// Tensors of random numbers as PyTorch fills them. Each takes the numbers from `generator` that PyTorch
// would take, so that whatever is drawn next agrees as well. All agree to the last bit (docs/numbers.md).
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

// torch.randn(shape): standard normal. PyTorch has two ways, and the same seed gives other numbers in each:
// one value after the other for fewer than 16 elements, blocks of 16 otherwise.
Vector randn(Generator& generator, std::size_t size);
Matrix randn(Generator& generator, std::size_t rows, std::size_t columns);

// torch.randint(low, high, (size,)): whole numbers in [low, high). Throws std::invalid_argument if high <=
// low.
xt::xtensor<std::int64_t, 1> randint(Generator& generator, std::int64_t low, std::int64_t high,
                                     std::size_t size);

}  // namespace torch
