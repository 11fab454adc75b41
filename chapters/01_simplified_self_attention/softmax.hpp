// Softmax: any row of numbers becomes a row of shares, positive and with sum 1.
#pragma once
#include "common/tensor.hpp"

namespace ch1 {

// exp(x) / sum(exp(x)), as the textbook has it. exp(89) is over the largest float32, so that large scores
// give inf / inf = NaN. It is here to be seen failing.
Vector naive_softmax(const Vector& scores);

// The same shares, from exp(x - max(x)): the largest exponent is 0 and nothing can overflow.
// Works along the last axis, torch.softmax(scores, dim=-1). A row of nothing but -inf gives NaN.
template <std::size_t N>
Tensor<N> softmax(const Tensor<N>& scores);

}  // namespace ch1
