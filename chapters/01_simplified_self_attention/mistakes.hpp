// What people get wrong in this chapter, for --compare: each entry computes the tensors as the mistake does.
#pragma once
#include <cstddef>

#include "common/compare/mistake.hpp"
#include "common/tensor.hpp"

namespace ch1 {

Mistakes mistakes();

// torch.softmax(scores, dim=axis). Later chapters make the same mistake.
template <std::size_t N>
Tensor<N> softmax_along(const Tensor<N>& scores, std::size_t axis);

}  // namespace ch1
