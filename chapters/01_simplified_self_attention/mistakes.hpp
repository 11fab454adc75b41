// The common mistakes of this chapter, for --compare. Each entry computes the tensors with the mistake.
#pragma once
#include <cstddef>

#include "common/compare/mistake.hpp"
#include "common/tensor.hpp"

namespace ch1 {

Mistakes mistakes();

// torch.softmax(scores, dim=axis). Later chapters have the same mistake and use this function.
template <std::size_t N>
Tensor<N> softmax_along(const Tensor<N>& scores, std::size_t axis);

}  // namespace ch1
