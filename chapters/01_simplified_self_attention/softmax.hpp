// Softmax: turns any row of numbers into positive weights with sum 1.
#pragma once
#include "common/tensor.hpp"

namespace ch1 {

// exp(x) / sum(exp(x)), the textbook's form. exp(89) is larger than the largest float32, so large scores give
// inf / inf = NaN. The walk shows this failure.
Vector naive_softmax(const Vector& scores);

// The same weights from exp(x - max(x)): the largest exponent is 0, so nothing overflows. Works along the
// last axis, as torch.softmax(scores, dim=-1). A row of only -inf gives NaN.
template <std::size_t N>
Tensor<N> softmax(const Tensor<N>& scores);

}  // namespace ch1
