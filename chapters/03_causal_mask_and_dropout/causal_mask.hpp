// The causal mask: no word may look at words that come after it. Three ways to say it, and what each costs.
// T = tokens; a mask is square, row i asks, column j answers
#pragma once
#include <cstddef>

#include "common/tensor.hpp"

namespace ch3 {

using MaskMatrix = xt::xtensor<bool, 2>;

// Two libraries, two meanings of True. A mask without its meaning is half a mask.
enum class True {
    hides,  // tensor.masked_fill, nn.MultiheadAttention
    keeps   // F.scaled_dot_product_attention
};

// torch.triu(ones, diagonal=1).bool(): True above the diagonal, that is, for the future. (T, T)
MaskMatrix future_mask(std::size_t tokens);

// torch.tril(ones): 1 on and below the diagonal, that is, for past and present. (T, T)
Matrix mask_simple(std::size_t tokens);

// First way: cut the weights after softmax, then divide each row by what is left of it. (T, T) -> (T, T)
Matrix renormalize(const Matrix& masked_weights);

// Second way: hide scores before softmax. exp(-inf) is 0, so one softmax does it all.
// (..., T, T) with the same mask for every leading index.
template <std::size_t N>
Tensor<N> masked_fill(const Tensor<N>& scores, const MaskMatrix& mask, True meaning);

// Softmax along the last axis, in which a row of nothing but -inf gives zeros: who may look at nobody
// takes nothing from anybody. Plain softmax gives NaN there, which spoils all that follows.
template <std::size_t N>
Tensor<N> masked_softmax(const Tensor<N>& masked_scores);

}  // namespace ch3
