// The causal mask: a token must not attend to later tokens. Two ways to apply it, before and after softmax.
// T = tokens; a mask is square, row i = query, column j = key
#pragma once
#include <cstddef>

#include "common/tensor.hpp"

namespace ch3 {

using MaskMatrix = xt::xtensor<bool, 2>;

// Libraries disagree about the meaning of True in a mask, so a mask always comes with its meaning.
enum class True {
    hides,  // tensor.masked_fill, nn.MultiheadAttention
    keeps   // F.scaled_dot_product_attention
};

// torch.triu(ones, diagonal=1).bool(): True above the diagonal, for future tokens. (T, T)
MaskMatrix future_mask(std::size_t tokens);

// torch.tril(ones): 1 on and below the diagonal, for past and present tokens. (T, T)
Matrix mask_simple(std::size_t tokens);

// First way: mask the weights after softmax, then divide each row by its new sum. (T, T) -> (T, T)
Matrix renormalize(const Matrix& masked_weights);

// Second way: mask the scores before softmax. exp(-inf) is 0, so one softmax is enough. Works on (..., T, T),
// with the same mask for every leading index.
template <std::size_t N>
Tensor<N> masked_fill(const Tensor<N>& scores, const MaskMatrix& mask, True meaning);

// Softmax along the last axis. A row of only -inf gives zeros: a token whose keys are all masked gets a zero
// context vector. Plain softmax gives NaN there, which spoils all later results.
template <std::size_t N>
Tensor<N> masked_softmax(const Tensor<N>& masked_scores);

}  // namespace ch3
