// The common mistakes of this chapter, for --compare. Each entry computes the tensors with the mistake.
#pragma once
#include "chapters/03_causal_mask_and_dropout/causal_mask.hpp"
#include "common/compare/mistake.hpp"

namespace ch3 {

Mistakes mistakes();

// torch.triu(ones, diagonal): True on that diagonal and above it. future_mask has diagonal 1. (T, T)
MaskMatrix mask_from_diagonal(std::size_t tokens, std::ptrdiff_t diagonal);

// scores.masked_fill(future, value)
template <std::size_t N>
Tensor<N> future_filled(const Tensor<N>& scores, float value);

}  // namespace ch3
